"""A picture on its way with a message: as an attachment, and in words within the text."""

from __future__ import annotations

import html
import re
from typing import Any

from apprise import AppriseAttachment
from apprise.attachment.memory import AttachMemory

from alerts.pictures.drawing import WIDTH, Picture
from alerts.words.channels import Channel, Family
from alerts.words.escapes import ESCAPES

_Memory: Any = AttachMemory  # it has no types
_END = re.compile(r"</body\s*>", re.IGNORECASE)
#: Where a template of HTML has the picture, if it says so; else it is the last thing in the page.
_PLACE = "<!-- picture -->"


def attachment(picture: Picture) -> AppriseAttachment:
    """What apprise is handed; e-mail shows it where the text has its name as ``cid:``."""
    made = AppriseAttachment()
    made.add(_Memory(picture.png, name=picture.name, mimetype="image/png"))
    return made


def described(
    body: str, picture: Picture, channel: Channel | None = None, *, inline: bool = False
) -> str:
    """A channel's text, by default a plain one, with the picture in it.

    HTML shows it ``inline``, and its words to who does not see it; in the dark our templates turn
    it dark, where the mail program can. Other texts have the words as their last paragraph; where
    there is no room for them, the text is as it was.
    """
    channel = channel or Channel()
    said = ESCAPES[channel.family](picture.text)
    if channel.family is not Family.HTML:
        made = f"{body}\n\nPicture: {said}"
    elif inline:
        made = _placed(body, _image(picture, said))
    else:
        made = _placed(body, f'<div class="muted">Picture: {said}</div>')
    return made if channel.limits.weight(made) <= channel.limits.body else body


def _image(picture: Picture, said: str) -> str:
    return (
        f'<img src="cid:{html.escape(picture.name)}" alt="{said}" '
        f'width="{WIDTH}" style="display:block;width:100%;max-width:{WIDTH}px;height:auto;'
        'margin:16px 0 0;border:0;border-radius:10px;color:#586274" class="picture">'
    )


def _placed(page: str, piece: str) -> str:
    if _PLACE in page:
        return page.replace(_PLACE, piece, 1)
    ends = list(_END.finditer(page))
    at = ends[-1].start() if ends else len(page)
    return page[:at] + piece + page[at:]
