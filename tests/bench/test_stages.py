"""The benchmark of the stages: what concerns others changes nothing of what is decided."""

from __future__ import annotations

import stages


def test_few_and_many_decide_the_same() -> None:
    few, many = stages.known(0, 0), stages.known(60, 300)
    decided = [stages.judged(few, alert) for alert in stages.alerts()]
    assert decided == [stages.judged(many, alert) for alert in stages.alerts()]
    reasons = {reason for one in decided for _, reason in one}
    assert reasons == {"routed", "silenced"}
