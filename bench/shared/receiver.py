"""An HTTP receiver that notes when each request came."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Request:
    """A message; ``at`` in seconds since 1970, when its first byte was read."""

    at: float
    title: str
    body: str


class Receiver:
    """Takes JSON by POST, as apprise's json:// sends it; a context manager."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._server = ThreadingHTTPServer((HOST, 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """The URL of the target."""
        return f"json://{HOST}:{self._server.server_address[1]}/"

    def __enter__(self) -> Self:
        """Take requests."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take no more."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        requests = self.requests

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                at = time.time()
                fields = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                requests.append(Request(at, fields["title"], fields["message"]))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """No line for each request."""

        return Handler
