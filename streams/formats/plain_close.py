"""Closes in the plain form: the fields of one, and of its copy for a watchlist."""

from __future__ import annotations

import msgspec
import pyarrow as pa

from streams.formats.plain import Form
from streams.formats.plain_table import TableForm

#: The largest plain close, in bytes.
MAX_BYTES = 4096


class PlainClose(msgspec.Struct, gc=False):
    """The fields that are read."""

    symbol: str
    period: str
    close: float | str
    watchlist: str | None = None
    origin: list[int] | None = None
    interval: str | None = None
    provisional: bool | None = None
    revision: int | None = None
    source: str | None = None
    sent_at: str | None = None
    due: str | None = None


CLOSES = Form(PlainClose, MAX_BYTES)

_TEXT = pa.string()
TABLES = TableForm(
    {
        "symbol": _TEXT,
        "period": _TEXT,
        "close": None,
        "watchlist": _TEXT,
        "origin": pa.list_(pa.int64()),
        "interval": _TEXT,
        "provisional": pa.bool_(),
        "revision": pa.int64(),
        "source": _TEXT,
        "sent_at": _TEXT,
        "due": _TEXT,
    },
    ("symbol", "period", "close"),
    MAX_BYTES,
)
