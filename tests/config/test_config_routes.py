"""Routes, timings, inhibitions, severities, labels: what is right, and each fault by place."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
import yaml

from config.loading import example_text, load
from config.schema import json_schema
from config.severities import SEVERITIES

FaultsOf = Callable[..., list[str]]

HEAD = """\
watchlists:
  us: {pairs: [{asset: RUT, benchmark: SPX}], rules: [{kind: ended}], targets: [desk],
       labels: {desk: us}}
targets: {desk: {url: "console://"}, pager: {url: "console://"}}
timings: {nights: {times: 22:00-07:00}}
"""

ROUTES = {
    "misspelt target": (
        "targets: [pagr]",
        "targets[0]: there is no target 'pagr'; did you mean 'pager'?",
    ),
    "misspelt field to group by": (
        "group: {by: [watchlst]}",
        "group.by[0]: found 'watchlst'; did you mean 'watchlist'? write watchlist, asset, "
        "benchmark, pair, rule, severity, direction, interval, missing, calendar, period, or "
        "labels.NAME",
    ),
    "misspelt severity": (
        "match: {severity: warnig}",
        "match.severity: found 'warnig'; did you mean 'warning'? write info, warning, critical, "
        "'>=warning', or one of them after 'not ', or a list",
    ),
    "unknown target": (
        "targets: [x]",
        "targets[0]: there is no target 'x'; write 'desk' or 'pager'",
    ),
    "target listed twice": (
        "targets: [desk, desk]",
        "targets[1]: 'desk' is listed twice; keep one of the two",
    ),
    "misspelt timing": (
        "mute: [night]",
        "mute[0]: there is no timing 'night'; did you mean 'nights'?",
    ),
    "misspelt timing that is needed": (
        "only: [nihgts]",
        "only[0]: there is no timing 'nihgts'; did you mean 'nights'?",
    ),
    "misspelt watchlist": (
        "match: {watchlist: uss}",
        "match.watchlist: there is no watchlist 'uss'; did you mean 'us'?",
    ),
    "glob for no watchlist": (
        "match: {watchlist: eu*}",
        "match.watchlist: there is no watchlist like 'eu*'; write 'us'",
    ),
    "misspelt asset among others": (
        "match: {asset: [RUT, not RUTT]}",
        "match.asset[1]: there is no asset 'RUTT'; did you mean 'RUT'?",
    ),
    "pair the other way round": (
        "match: {pair: SPX/RUT}",
        "match.pair: there is no pair 'SPX/RUT'; write 'RUT/SPX' or 'us'",
    ),
    "misspelt kind": (
        "match: {rule: record.tide}",
        "match.rule: there is no kind of alert 'record.tide'; did you mean 'record.tied'?",
    ),
    "severity": (
        "match: {severity: '>warning'}",
        "match.severity: found '>warning'; did you mean 'warning'? write info, warning, critical, "
        "'>=warning', or one of "
        "them after 'not ', or a list",
    ),
    "misspelt label": (
        "match: {labels: {dsk: us}}",
        "match.labels.dsk: no watchlist has the label 'dsk'; did you mean 'desk'?",
    ),
    "value of a label": (
        "match: {labels: {desk: eu}}",
        "match.labels.desk: the label 'desk' has no value 'eu'; write 'us'",
    ),
    "label of a group": (
        "group: {by: [labels.dek]}",
        "group.by[0]: no watchlist has the label 'dek'; did you mean 'desk'?",
    ),
    "field of a group": (
        "group: {by: [colour]}",
        "group.by[0]: found 'colour'; write watchlist, asset, benchmark, pair, rule, severity, "
        "direction, interval, missing, calendar, period, or labels.NAME",
    ),
    "wait": (
        "group: {wait: -1}",
        "group.wait: found '-1'; write a number from 0 to 3600",
    ),
    "unknown key": ("tragets: []", "tragets: unknown key; did you mean 'targets'?"),
    "a text that is none": (
        "match: {asset: 'R T'}",
        "match.asset: found 'R T'; write a name, with * and ? as in file names, and 'not ' before "
        "what must not be, or a list",
    ),
    "a route below": (
        "routes: [{targets: [nobody]}]",
        "routes[0].targets[0]: there is no target 'nobody'; write 'desk' or 'pager'",
    ),
}


@pytest.mark.parametrize(("text", "fault"), ROUTES.values(), ids=ROUTES)
def test_faults_of_routes(text: str, fault: str, faults_of: FaultsOf) -> None:
    content = f"{HEAD}routes:\n  routes:\n    - {{{text}}}\n"
    assert fault_lines(faults_of(content)) == [f"8: routes.routes[0].{fault}"]


OTHERS = {
    "the root matches all": (
        "routes: {match: {asset: RUT}}",
        "6: routes.match: unknown key; allowed here: targets, group, mute, only, digest, routes",
    ),
    "kind of a severity": (
        "severities: {record.tide: info}",
        "6: severities.record.tide: there is no kind of alert 'record.tide'; did you mean "
        "'record.tied'?",
    ),
    "severity": (
        "severities: {record.tied: grave}",
        "6: severities.record.tied: found 'grave'; write 'info', 'warning' or 'critical'",
    ),
    "inhibition of a watchlist": (
        "inhibit: [{source: {watchlist: x}, target: {}, equal: [pair]}]",
        "6: inhibit[0].source.watchlist: there is no watchlist 'x'; write 'us'",
    ),
    "inhibition that agrees in nothing": (
        "inhibit: [{source: {}, target: {}, equal: []}]",
        "6: inhibit[0].equal: found an empty list; write a list of one or more",
    ),
}


@pytest.mark.parametrize(("text", "fault"), OTHERS.values(), ids=OTHERS)
def test_faults_beside_routes(text: str, fault: str, faults_of: FaultsOf) -> None:
    assert fault_lines(faults_of(f"{HEAD}{text}\n")) == [fault]


TIMINGS = {
    "nothing": (
        "{}",
        "a timing that always holds; write weekdays, times, dates, or a calendar with a session",
    ),
    "time": (
        "{times: 9-17}",
        ".times: found '9-17'; write times such as 09:00-17:30, up to 24:00, or a list",
    ),
    "empty time": (
        "{times: 09:00-09:00}",
        ".times: '09:00-09:00' is empty; write 00:00-24:00 for a whole day",
    ),
    "weekday": (
        "{weekdays: monday}",
        ".weekdays: found 'monday'; write a day such as mon, or days such as mon-fri, or a list",
    ),
    "zone": (
        "{times: 09:00-17:00, zone: America/NewYork}",
        ".zone: unknown time zone 'America/NewYork'; did you mean 'America/New_York'? write a "
        "zone such as America/New_York, or UTC",
    ),
    "no such day": (
        "{dates: 2026-02-30}",
        ".dates: there is no day 2026-02-30; write a date as YYYY-MM-DD",
    ),
    "days the wrong way round": (
        "{dates: 2026-12-24 to 2026-01-02}",
        ".dates: 2026-01-02 lies before 2026-12-24; write the earlier day first",
    ),
    "calendar": (
        "{calendar: XNYX, session: inside}",
        ".calendar: unknown calendar 'XNYX'; did you mean 'XNYS'? write an exchange's MIC, such as "
        "XNYS, or 'none'",
    ),
    "calendar without sessions": (
        "{calendar: none, session: inside}",
        ".calendar: the calendar none has no sessions; write an exchange's MIC, such as XNYS",
    ),
    "calendar alone": (
        "{calendar: XNYS}",
        ".calendar: a calendar alone says no time; add session: inside or outside, or from and to",
    ),
    "session of no exchange": (
        "{session: inside}",
        "a session of no exchange; add calendar: its MIC, such as XNYS",
    ),
    "one side": (
        "{calendar: XNYS, from: open}",
        "one side of a span alone; write both from and to",
    ),
    "session and sides": (
        "{calendar: XNYS, session: inside, from: open, to: close}",
        ".session: session, and from and to; keep one of the two",
    ),
    "side": (
        "{calendar: XNYS, from: lunch, to: close}",
        ".from: found 'lunch'; write open, close, or a time from there such as open - 30m or "
        "close + 2h",
    ),
    "side far away": (
        "{calendar: XNYS, from: open, to: close + 169h}",
        ".to: 'close + 169h' is more than a week away; write at most 168h",
    ),
}


@pytest.mark.parametrize(("text", "fault"), TIMINGS.values(), ids=TIMINGS)
def test_faults_of_timings(text: str, fault: str, faults_of: FaultsOf) -> None:
    content = HEAD.replace("timings: {nights: {times: 22:00-07:00}}", f"timings: {{x: {text}}}")
    joint = "" if fault.startswith(".") else ": "
    assert fault_lines(faults_of(content)) == [f"5: timings.x{joint}{fault}"]


def fault_lines(faults: list[str]) -> list[str]:
    """Faults without what is there to read of an unknown key."""
    return [fault.removeprefix("streakwatch.yaml:") for fault in faults]


RIGHT = """\
timings:
  nights: {zone: America/New_York, times: [22:00-07:00], weekdays: mon-fri}
  closed:
    - {calendar: XNYS, session: outside}
    - {calendar: XNYS, from: close - 30m, to: open}
routes:
  targets: [desk]
  group: {by: [labels.desk, calendar], wait: 2.5, limit: 9}
  routes:
    - match: {severity: '>=warning', rule: [record.*, not record.tied], labels: {desk: not us}}
      continue: true
      mute: [nights]
      only: []
      digest: true
      routes: [{targets: []}]
severities: {record.tied: warning}
inhibit: [{source: {rule: ended}, target: {direction: rising}, equal: [labels.desk]}]
"""


def test_what_is_right(file: Path) -> None:
    content = HEAD.replace("timings: {nights: {times: 22:00-07:00}}\n", "") + RIGHT
    file.write_text(content)
    found = load(file, {})
    (route,) = found.routes.routes
    assert route.match.rule == ["record.*", "not record.tied"]
    assert (route.further, route.mute, route.only) == (True, ["nights"], [])
    assert found.timings["closed"][1].begins == "close - 30m"
    texts = yaml.safe_load(content)
    assert jsonschema.Draft202012Validator(json_schema()).is_valid(texts)


def test_by_default_there_are_no_routes_and_four_inhibitions(base: str, file: Path) -> None:
    file.write_text(base)
    found = load(file, {})
    assert (found.routes.routes, found.routes.targets, found.timings) == ([], None, {})
    assert [one.equal for one in found.inhibit] == [
        ["watchlist", "pair", "period", "interval"],
        ["watchlist", "pair", "period", "interval"],
        ["watchlist", "period", "interval"],
        ["calendar", "period", "interval"],
    ]
    assert set(SEVERITIES.values()) == {"info", "warning", "critical"}


def test_what_the_example_has_of_it_as_a_comment_is_right(file: Path) -> None:
    before, start, rest = example_text().partition("# routes:\n")
    block, end, after = rest.partition("\n\n")
    block = re.sub(r"^# ", "", f"{start}{block}{end}", flags=re.M)
    whole = (before + block + after).replace("    # labels:", "    labels:")
    whole = whole.replace("targets: [slack]", "targets: [console]")
    file.write_text(whole)
    found = load(file, {})
    assert [route.digest for route in found.routes.routes] == [True, None]
    assert set(found.timings) == {"nights", "year-end", "after-close"}
    assert found.watchlists["us-small-against-large"].labels == {"desk": "us"}


def test_a_timing_where_there_are_none(faults_of: FaultsOf) -> None:
    text = HEAD.replace("timings: {nights: {times: 22:00-07:00}}\n", "routes: {mute: [night]}\n")
    assert [fault.partition(": ")[2] for fault in faults_of(text)] == [
        "routes.mute[0]: there is no timing 'night'; define it, or remove it"
    ]


def test_a_folder_of_templates_that_is_not_there(faults_of: FaultsOf, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (fault,) = faults_of(HEAD + f"templates: {'long' * 100}\n")
    assert "templates: no folder to be read: File name too long; make it" in fault
    for name in ("nowhere", "file"):
        (fault,) = faults_of(HEAD + f"templates: {name}\n")
        assert "templates: there is no such folder; make it, or check the path" in fault
    (tmp_path / "mine").mkdir()
    (tmp_path / "right.yaml").write_text(HEAD + "templates: mine\n")
    assert load(tmp_path / "right.yaml").templates == tmp_path / "mine"
