"""The C interface of the librdkafka that confluent-kafka carries, as far as it is used here."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from ctypes import POINTER, c_char_p, c_int, c_int32, c_int64, c_size_t, c_ssize_t, c_void_p
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from streams.frames.refusing import unusable

CONSUMER = 1  # RD_KAFKA_CONSUMER
WITHOUT_CLOSE = 8  # RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE
OK = 0  # RD_KAFKA_CONF_OK, RD_KAFKA_RESP_ERR_NO_ERROR

_FUNCTIONS: Mapping[str, tuple[object, list[object]]] = {
    "version_str": (c_char_p, []),
    "conf_new": (c_void_p, []),
    "conf_destroy": (None, [c_void_p]),
    "conf_set": (c_int, [c_void_p, c_char_p, c_char_p, c_char_p, c_size_t]),
    "new": (c_void_p, [c_int, c_void_p, c_char_p, c_size_t]),
    "destroy_flags": (None, [c_void_p, c_int]),
    "poll_set_consumer": (c_int, [c_void_p]),
    "queue_new": (c_void_p, [c_void_p]),
    "queue_destroy": (None, [c_void_p]),
    "queue_get_consumer": (c_void_p, [c_void_p]),
    "queue_get_partition": (c_void_p, [c_void_p, c_char_p, c_int32]),
    "queue_forward": (None, [c_void_p, c_void_p]),
    "queue_io_event_enable": (None, [c_void_p, c_int, c_char_p, c_size_t]),
    "queue_poll": (c_void_p, [c_void_p, c_int]),
    "set_log_queue": (c_int, [c_void_p, c_void_p]),
    "event_log": (c_int, [c_void_p, POINTER(c_char_p), POINTER(c_char_p), POINTER(c_int)]),
    "event_destroy": (None, [c_void_p]),
    "topic_partition_list_new": (c_void_p, [c_int]),
    "topic_partition_list_add": (c_void_p, [c_void_p, c_char_p, c_int32]),
    "topic_partition_list_set_offset": (c_int, [c_void_p, c_char_p, c_int32, c_int64]),
    "topic_partition_list_destroy": (None, [c_void_p]),
    "incremental_assign": (c_void_p, [c_void_p, c_void_p]),
    "incremental_unassign": (c_void_p, [c_void_p, c_void_p]),
    "error_string": (c_char_p, [c_void_p]),
    "error_destroy": (None, [c_void_p]),
    "err2str": (c_char_p, [c_int]),
    "consume_batch_queue": (c_ssize_t, [c_void_p, c_int, c_void_p, c_size_t]),
    "message_destroy": (None, [c_void_p]),
    "message_timestamp": (c_int64, [c_void_p, c_void_p]),
    "message_headers": (c_int, [c_void_p, c_void_p]),
    "header_get_all": (c_int, [c_void_p, c_size_t, c_void_p, c_void_p, c_void_p]),
}
"""The functions by their names without ``rd_kafka_``: what each gives, and what it takes."""


class Library:
    """The functions, as attributes without ``rd_kafka_``."""

    def __init__(self, path: Path) -> None:
        """Raises OSError or AttributeError when the file is not such a library."""
        self.loaded = ctypes.CDLL(str(path))
        for name, (gives, takes) in _FUNCTIONS.items():
            function = getattr(self.loaded, f"rd_kafka_{name}")
            function.restype, function.argtypes = gives, takes

    def __getattr__(self, name: str) -> ctypes._NamedFuncPointer:
        function: ctypes._NamedFuncPointer = getattr(self.loaded, f"rd_kafka_{name}")
        return function

    def address(self, name: str) -> int | None:
        """Where a function lies, for other code in C."""
        return ctypes.cast(getattr(self, name), c_void_p).value

    def consumer(self, options: Mapping[str, str]) -> int:
        """A consumer of these options.

        Raises:
            StreakwatchError: the library does not take them; no value of theirs is told.
        """
        why = ctypes.create_string_buffer(512)
        conf = self.conf_new()
        for name, value in options.items():
            if self.conf_set(conf, name.encode(), value.encode(), why, len(why)) != OK:
                self.conf_destroy(conf)
                raise unusable(f"it does not take {name}")
        made: int | None = self.new(CONSUMER, conf, why, len(why))
        if made is None:
            self.conf_destroy(conf)
            raise unusable(why.value.decode("utf-8", "replace"))
        self.poll_set_consumer(made)
        return made


@cache
def library() -> Library | None:
    """The library, where confluent-kafka is installed and carries one that can be used."""
    spec = find_spec("confluent_kafka")
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).parent
    folders = (package.with_name("confluent_kafka.libs"), package / ".dylibs")
    for path in (found for folder in folders for found in sorted(folder.glob("librdkafka*"))):
        try:
            return Library(path)
        except (OSError, AttributeError):
            continue
    return None
