"""Receivers with bad manners, and a worker that dies between a receiver's yes and the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from chaos.extent import alone, sizes
from chaos.rig import Figures, Rig
from chaos.trouble import Rude
from receivers import Behaviour, Receiver, Request

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(3600)]


@alone
def test_receivers_with_bad_manners(
    rig: Callable[..., Rig], tell: Callable[[Figures], None]
) -> None:
    """500, 503, 429 with Retry-After, hang, close half-way, accept and die."""
    run = rig(receiver=Rude)
    run.start("one")
    run.publish_all()
    figures = run.judge(240)
    refused = [r for r in run.receiver.requests() if not r.behaviour.is_yes]
    kinds = {request.behaviour.name for request in refused}
    assert {"HTTP 500", "HTTP 503", "HTTP 429", "cut", "drop"} <= kinds
    run.broken = figures.broken = len(refused)
    tell(figures)


class Deadly(Receiver):
    """Takes a message, and has the worker killed before the ledger can say so."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.kill: Callable[[], None] = lambda: None
        self.armed = False
        self.fatal: list[Request] = []

    def _note(self, path: str, body: bytes, headers: Mapping[str, str]) -> Behaviour:
        behaviour = super()._note(path, body, headers)
        if self.armed:
            self.armed = False
            self.kill()
            self.fatal.append(self.requests()[-1])
        return behaviour


def test_a_worker_dies_between_the_yes_and_the_ledger(
    rig: Callable[..., Rig], tell: Callable[[Figures], None]
) -> None:
    """The only place where a repeat is allowed: it is the same message, with the same id."""
    run = rig(receiver=Deadly)
    receiver = run.receiver
    kills = sizes(3, 20)
    for records in run.slices(kills):
        worker = run.start("one")
        receiver.kill = worker.process.kill
        receiver.armed = True
        run.publish(records)
        worker.process.wait(60)
        run.broken += 1
    run.start("one")
    figures = run.judge()
    assert len(receiver.fatal) == kills
    for fatal in receiver.fatal:
        again = [r for r in receiver.requests(fatal.path) if r.alert == fatal.alert]
        assert len(again) >= 2
        assert {(r.title, r.body) for r in again} == {(fatal.title, fatal.body)}
    tell(figures)
