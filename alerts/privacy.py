"""URLs of targets as people may see them: where they lead, without what is private."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

HIDDEN = "…"

_OF_A_HOST = re.compile(r"\{schema\}://([^/]*@)?\{host\}")


def public_url(service: Any) -> str:
    """The scheme, and the host where the URL of an apprise service names one; hidden is the rest.

    apprise's own ``url(privacy=True)`` shows the path, the query and the headers of a webhook,
    which often are its secret; and a token or a topic may stand in the place of the host.
    """
    parts = urlsplit(service.url(privacy=True))
    scheme, netloc = parts.scheme, parts.netloc.rpartition("@")
    if not all(_OF_A_HOST.match(template) for template in service.templates):
        return f"{scheme}://{HIDDEN}" if parts.netloc or parts.path else f"{scheme}://"
    user = f"{HIDDEN}@" if netloc[1] else ""
    path = f"/{HIDDEN}" if parts.path.strip("/") or parts.query else ""
    return f"{scheme}://{user}{netloc[2]}{path}"
