"""Who is told, and when not, while workers die: mails and posts to targets with bad manners,
groups, a digest, silences, inhibition, a target that is taken away, and summaries."""

from __future__ import annotations

import json
import random
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
import yaml
from chaos.rig import PARTITIONS, Figures, Rig
from chaos.trouble import Rude, a_moment
from harness import WorkerProcess, eventually
from receivers import Mail, MailServer, status

from alerts.ledger import Entry, Outcome, standing
from alerts.matchers import Matcher
from alerts.silences import Silence
from alerts.stages.decision import Reason
from alerts.stages.match import Router
from config.settings import Settings
from streams.core import periods
from streams.definitions import summary_rules
from streams.topics import partition_of
from streams.wire import Due, decode_alert, encode_due

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(600)]

#: Seconds that the muting lasts at least, and that a killed worker's message may be under way.
LEAST, UNDERWAY = 25, 2.0
ONLY_PAGER = "w03"
"""The watchlist that nobody but the pager is told of."""


class RudeMail(MailServer):
    """Every sixth mail meets 421, 451 or a lost connection, before its content or after it."""

    def __init__(self, number: int) -> None:
        super().__init__(away=0.03)
        chance = random.Random(f"{number} mails")
        bad = ("421 4.3.2 going down", "451 4.7.1 come back later", self.DROP)
        self.at_mail, self.at_content = (
            [chance.choice(bad) if chance.random() < 0.08 else "" for _ in range(5_000)]
            for _ in range(2)
        )
        self.taken: list[tuple[float, str]] = []
        """When, and the plain words, of what was answered with a yes."""
        self.kept: list[Mail] = []
        """The same mails, whole."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """See :class:`MailServer`."""
        answer = await super().handle_DATA(server, session, envelope)
        if answer.startswith("250"):
            plain = self.mails[-1].whole.get_body(("plain",))
            assert plain is not None
            self.taken.append((time.time(), str(plain.get_content())))
            self.kept.append(self.mails[-1])
        return answer


@dataclass
class Quiet:
    """The run: the desk has mails, risk and pager are posted to."""

    rig: Rig
    mail: RudeMail
    losses: list[float] = field(default_factory=list)
    """When a worker was killed, or had to let go of what it had under way."""
    workers: dict[str, WorkerProcess] = field(default_factory=dict)

    def __post_init__(self) -> None:
        now = time.time()
        self.until = (int(now + LEAST) // 60 + 1) * 60
        """When the muting ends with a digest, and another begins."""
        self.rules = {"kind": "summary", "at": _clock(now + 43_200), "near": 16}
        self.configure(pager=True)

    def configure(self, *, pager: bool) -> None:
        """Write the configuration, with the pager or without it."""
        run, post = self.rig, self.rig.receiver.url
        config = yaml.safe_load(run.config.read_text())
        for watchlist in config["watchlists"].values():
            watchlist["rules"] = [*watchlist["rules"][:3], self.rules]
        config["targets"] = {
            "desk": {"url": self.mail.url("desk@test.example")},
            "risk": {"url": post("/risk")},
        } | ({"pager": {"url": post("/pager")}} if pager else {})
        config["timings"] = {
            "now": {"times": f"{_clock(self.until - 120)}-{_clock(self.until)}"},
            "then": {"times": f"{_clock(self.until)}-{_clock(self.until + 300)}"},
        }
        config["inhibit"] = [{
            "source": {"rule": "record.*"}, "target": {"rule": ["threshold", "ended"]},
            "equal": ["watchlist", "period"],
        }]  # fmt: skip
        everybody = {"match": {"rule": "record.*"}, "targets": ["pager"], "continue": True}
        config["routes"] = {
            "group": {"by": ["watchlist"], "wait": 0.3, "limit": 10},
            "routes": [
                {"match": {"rule": "summary"}, "targets": ["desk"], "group": {"by": [], "wait": 2}},
                {"match": {"watchlist": ONLY_PAGER}, "targets": ["pager"] if pager else []},
                *([everybody] if pager else []),
                {"match": {"rule": "ended"}, "mute": ["now"], "digest": True},
                {"match": {"rule": "threshold"}, "mute": ["then"]},
                {},
            ],
        }
        run.config.write_text(yaml.safe_dump(config, sort_keys=False))

    def start(self, *names: str) -> None:
        for name in names:
            self.workers[name] = self.rig.start(name)

    def kill(self, *names: str) -> None:
        for name in names:
            self.rig.kill(self.workers[name])
            self.losses.append(time.time())

    def stop(self, name: str) -> None:
        """In order; what takes a target longer than a moment is interrupted."""
        assert self.workers[name].end()[0] == 0
        self.losses.append(time.time())

    def silence(self, seconds: float, *assets: str) -> None:
        """As ``streakwatch silences add`` writes it."""
        now_ms, number = int(time.time() * 1000), self.rig.chance.randrange(16**8)
        silence = Silence(f"{number:08x}", (Matcher("asset", assets),), "ann", "known",
                          now_ms, now_ms + int(seconds * 1000))  # fmt: skip
        home = partition_of(silence.key, PARTITIONS)
        self.rig.write("silences", silence.key, silence.encode(), home)

    def ask_for_summaries(self, day: str) -> None:
        """As watchmen do, of which the second does not know of the first."""
        settings, now_ms = self.rig.settings, int(time.time() * 1000)
        period = int(periods.from_text(day, "1d"))
        for name, watchlist in settings.watchlists.items():
            (rule,) = summary_rules(watchlist, settings.instruments)
            key = name.encode()
            due = encode_due(Due(name, period, "1d", rule, now_ms, now_ms))
            for _ in range(2):
                self.rig.write("watch", key, due, partition_of(key, PARTITIONS))


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M}"


@pytest.fixture
def quiet(rig: Callable[..., Rig]) -> Iterator[Quiet]:
    run = rig(receiver=Rude, market={"watchlists": 16, "sessions": 240})
    with RudeMail(run.market.seed) as mail:
        yield Quiet(run, mail)
        run.end()


def test_every_alert_is_told_or_the_ledger_says_why_not(
    quiet: Quiet, tell: Callable[[Figures], None]
) -> None:
    run, pager = quiet.rig, "/pager"
    first, second, third, fourth = run.slices(4)
    quiet.start("one", "two")
    quiet.silence(quiet.until - time.time(), "A00", "A01", "A02", "A03", "A04")
    with run.publishing(first):
        a_moment(run, *quiet.workers.values())
        quiet.kill("one")
        quiet.start("one")
    with run.publishing(second):
        a_moment(run, quiet.workers["one"])
        quiet.kill("one", "two")
    quiet.start("one", "two")
    quiet.ask_for_summaries("2024-03-01")
    run.receiver.script(pager, always=status(500))
    refused = len(run.receiver.requests(pager))
    with run.publishing(third):
        a_moment(run, *quiet.workers.values())
        quiet.kill("two")
    eventually(lambda: len(run.receiver.requests(pager)) > refused + 3, "a pager that is down")
    quiet.stop("one")
    quiet.configure(pager=False)
    quiet.start("one", "two")
    eventually(lambda: time.time() >= quiet.until, "the end of the muting", 90)
    quiet.silence(5, "A05", "A06")
    with run.publishing(fourth):
        a_moment(run, *quiet.workers.values())
        quiet.ask_for_summaries("2024-06-03")
        quiet.kill("one")
        quiet.start("one")
    run.settle_exactly(240)
    tell(judge(quiet))


# --- the judge ----------------------------------------------------------------------------------


def judge(quiet: Quiet) -> Figures:
    """All that the run must have come to, beyond what verify says."""
    run, first = quiet.rig, quiet.rig.alerts()
    summaries = {i: a for i, a in first.items() if a["milestone"]["kind"] == "summary"}
    run.check_facts(alert for i, alert in first.items() if i not in summaries)
    check_summaries(run, summaries)
    ledger = ends(run)
    check_ends(run.settings, run, ledger)
    received = receptions(quiet)
    told = {key for key, entry in ledger.items() if entry.outcome is Outcome.DELIVERED}
    assert not told - received.keys(), "delivered, and never received"
    repeats = check_repeats(received, quiet.losses)
    reasons = {e.detail.partition(":")[0] for e in ledger.values() if e.outcome not in _TOLD}
    assert reasons == {"inhibited", "silenced", "muted", "unrouted"}
    check_threads(quiet.mail.kept, first)
    assert any("Held back: now" in words for _, words in quiet.mail.taken), "no digest"
    assert any(len(ids_in(words) & summaries.keys()) > 1 for _, words in quiet.mail.taken)
    return run.figures(len(told), repeats)


_TOLD = (Outcome.DELIVERED, Outcome.RETRYING)


def check_summaries(run: Rig, summaries: Mapping[str, Mapping[str, Any]]) -> None:
    """Of each watchlist one for each of the two days, and all in one partition."""
    names = [*run.settings.watchlists] * 2
    assert sorted(alert["watchlist"] for alert in summaries.values()) == sorted(names)
    homes = {r.partition for r in run.read("alerts") if json.loads(r.value)["id"] in summaries}
    assert len(homes) == 1


def ends(run: Rig) -> Mapping[tuple[str, str], Entry]:
    """What stands in the ledger, by alert and target."""
    found: dict[tuple[str, str], Entry] = {}
    for record in run.read("notifications"):
        entry = Entry.decode(record.value)
        key = (entry.alert, entry.target)
        found[key] = standing(found.get(key), entry)
    return found


def check_ends(settings: Settings, run: Rig, ledger: Mapping[tuple[str, str], Entry]) -> None:
    """Each alert has an end, and so it has at each target that its routes name."""
    router, lined = Router(settings), {alert for alert, _ in ledger}
    for record in run.read("alerts"):
        alert = decode_alert(record.value)
        assert alert.id in lined, f"nobody knows of {alert}"
        for target in router.targets(alert):
            assert (alert.id, target) in ledger, f"{target} and {alert}"
    for entry in ledger.values():
        assert entry.outcome in (Outcome.DELIVERED, Outcome.SUPPRESSED), entry
        if entry.outcome is Outcome.SUPPRESSED:
            assert Reason(entry.detail.partition(":")[0]) is not Reason.ROUTED


def check_threads(mails: Sequence[Mail], alerts: Mapping[str, Mapping[str, Any]]) -> None:
    """Who answers a mail about its streak names one that the desk has, or an alert in it."""
    known: set[str] = set()
    answers = 0
    for mail in mails:
        own, before, answered = (
            {one for text in mail.header(name) for one in text.split()}
            for name in ("Message-ID", "References", "In-Reply-To")
        )
        (key,) = mail.header("X-Streakwatch-Id")
        if answered and not alerts[key.partition("/")[0]]["follows"]:
            assert answered <= known, f"{key} answers a mail that is not there"
            answers += 1
        known |= own | before
    assert answers > 0


def receptions(quiet: Quiet) -> Mapping[tuple[str, str], Sequence[float]]:
    """When each target took each alert with a yes."""
    posts = [(r.path.strip("/"), r.at, r.body) for r in quiet.rig.receiver.taken()]
    mails = [("desk", at, words) for at, words in quiet.mail.taken]
    found = defaultdict(list)
    for target, at, words in [*posts, *mails]:
        for alert in ids_in(words):
            found[alert, target].append(at)
    return {key: sorted(times) for key, times in found.items()}


def ids_in(words: str) -> set[str]:
    """The alerts that a message tells."""
    return set(re.findall(r"^Alert (\w+)", words, re.M))


def check_repeats(
    received: Mapping[tuple[str, str], Sequence[float]], losses: Sequence[float]
) -> int:
    """How many came again; each only after a worker was lost that had sent it."""
    count = 0
    for key, times in received.items():
        for before, again in pairwise(times):
            count += 1
            assert any(before - UNDERWAY <= loss <= again for loss in losses), (key, before, again)
    return count
