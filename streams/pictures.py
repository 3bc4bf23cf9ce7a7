"""Pictures for messages: drawn once for an alert and locale, off the event loop, in time or not."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping
from typing import Protocol

from alerts.model import Alert
from alerts.pictures import tail, wording
from alerts.pictures.chart import Chart, chart
from alerts.pictures.drawing import Picture, name
from alerts.words.locales import DEFAULT
from streams.artist import Artist, UndrawableError
from streams.records import CHART, Record

log = logging.getLogger(__name__)

#: Seconds that a message waits for its picture, and that one drawing may take.
PATIENCE, _LONGEST = 2.0, 10.0
#: Seconds without pictures after a failure, so that a burst does not wait for each of its own.
_REST = 30.0
#: Pictures that are remembered, some 30 kB each.
_MOST = 100


_Key = tuple[str, str]
"""The id of an alert, and a locale."""


class Draws(Protocol):
    """Who makes a PNG of a chart; ``ArtistError`` where there is none."""

    async def draw(self, chart: Chart) -> bytes: ...
    async def start(self) -> None: ...
    async def close(self) -> None: ...


class Pictures:
    """The pictures of one worker; all targets of one locale that get one of an alert share it."""

    def __init__(
        self, takers: Mapping[str, str], artist: Draws | None = None, patience: float = PATIENCE
    ) -> None:
        """``takers`` are the targets that get pictures, each with its locale; ``patience`` in s."""
        self._takers = takers
        self._artist = artist or Artist()
        self._patience = patience
        self._drawn: OrderedDict[_Key, asyncio.Task[Picture | None]] = OrderedDict()
        self._rests_until = 0.0

    async def start(self) -> None:
        """Warm up; without it the first picture takes about a second. Never fails."""
        try:
            async with asyncio.timeout(_LONGEST):
                await self._artist.start()
        except Exception as error:  # no picture is no reason for no message
            self._fail(error)

    async def run(self) -> None:
        """Be warm until this is cancelled."""
        try:
            if self._takers:
                await self.start()
            await asyncio.Event().wait()
        finally:
            await self.close()

    async def of(
        self, target: str, record: Record, alert: Alert, names: Mapping[str, str]
    ) -> Picture | None:
        """The picture of an alert for a target; None where it gets none, there is nothing to see,
        or it is not there in time.

        A picture that comes too late is there for the next attempt.

        Args:
            record: of the alert, whose header holds the history that is drawn.
            names: of symbols, as people know them.
        """
        locale = self._takers.get(target)
        if locale is None:
            return None
        drawing = self._drawn.get((alert.id, locale)) or self._begin(record, alert, names, locale)
        if drawing is None:
            return None
        done, _ = await asyncio.wait({drawing}, timeout=self._patience)
        return drawing.result() if done and not drawing.cancelled() else None

    async def close(self) -> None:
        """Draw no more."""
        for drawing in self._drawn.values():
            drawing.cancel()
        await asyncio.gather(*self._drawn.values(), return_exceptions=True)
        await self._artist.close()

    def _begin(
        self, record: Record, alert: Alert, names: Mapping[str, str], locale: str
    ) -> asyncio.Task[Picture | None] | None:
        what = chart_in(record, alert, names, locale)
        if what is None or asyncio.get_running_loop().time() < self._rests_until:
            return None
        key = (alert.id, locale)
        drawing = asyncio.create_task(self._draw(key, what), name=f"picture {alert.id}")
        self._drawn[key] = drawing
        while len(self._drawn) > _MOST:
            self._drawn.popitem(last=False)[1].cancel()
        return drawing

    async def _draw(self, key: _Key, what: Chart) -> Picture | None:
        try:
            async with asyncio.timeout(_LONGEST):
                png = await self._artist.draw(what)
        except UndrawableError as error:
            log.warning("alert %s cannot be drawn: %s", key[0], error)
            return None
        except Exception as error:  # no picture is no reason for no message
            self._drawn.pop(key, None)
            self._fail(error)
            return None
        return Picture(png, wording.alternative(what), name(what))

    def _fail(self, error: Exception) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._rests_until:
            why = str(error) or type(error).__name__
            log.warning("messages go without pictures for %g s: %s", _REST, why)
        self._rests_until = now + _REST


def chart_in(
    record: Record, alert: Alert, names: Mapping[str, str], locale: str = DEFAULT
) -> Chart | None:
    """What there is to see; None where the record has no history, or one that cannot be read."""
    data = next((value for header, value in record.headers if header == CHART), None)
    if data is None:
        return None
    try:
        return chart(alert, tail.decode(data), names, locale)
    except ValueError as error:
        log.warning("alert %s has no picture: %s", alert.id, error)
        return None
