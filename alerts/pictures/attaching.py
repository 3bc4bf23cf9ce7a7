"""A picture on its way with a message: as an attachment, and in words within the text."""

from __future__ import annotations

import html
import re
from typing import Any

from apprise import AppriseAttachment
from apprise.attachment.memory import AttachMemory

from alerts.pictures.drawing import WIDTH, Picture

_Memory: Any = AttachMemory  # it has no types
_END = re.compile(r"</body\s*>", re.IGNORECASE)


def attachment(picture: Picture) -> AppriseAttachment:
    """What apprise is handed; e-mail shows it where the text has its name as ``cid:``."""
    made = AppriseAttachment()
    made.add(_Memory(picture.png, name=picture.name, mimetype="image/png"))
    return made


def described(body: str, picture: Picture, *, is_html: bool = False) -> str:
    """A message's text with the picture in it.

    HTML shows it at its end, on white also in the dark, and its words to who does not see it. A
    plain text has the words as its last paragraph.
    """
    if not is_html:
        return f"{body}\n\nPicture: {picture.text}"
    image = (
        f'<img src="cid:{html.escape(picture.name)}" alt="{html.escape(picture.text)}" '
        f'width="{WIDTH}" style="display:block;max-width:100%;height:auto;'
        'background:#ffffff;margin:16px 0;border:0">'
    )
    ends = list(_END.finditer(body))
    at = ends[-1].start() if ends else len(body)
    return body[:at] + image + body[at:]
