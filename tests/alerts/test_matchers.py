"""Matchers by a table, and the index beside a look at each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.index import Index
from alerts.matchers import Matcher, failed
from config.matching import glob

FITS = {
    "exact": ("asset", ["RUT"], "RUT", True),
    "case counts": ("asset", ["rut"], "RUT", False),
    "one of several": ("asset", ["MDY", "RUT"], "RUT", True),
    "none of several": ("asset", ["MDY", "SPX"], "RUT", False),
    "glob": ("rule", ["record.*"], "record.tied", True),
    "glob of one character": ("asset", ["RU?"], "RUT", True),
    "a dot is a dot": ("rule", ["record.*"], "recordXtied", False),
    "brackets are none": ("asset", ["^GSPC"], "^GSPC", True),
    "not": ("rule", ["not ended"], "ended", False),
    "not another": ("rule", ["not ended"], "threshold", True),
    "not a glob": ("rule", ["not record.*"], "record.tied", False),
    "some but not one": ("rule", ["record.*", "not record.tied"], "record.tied", False),
    "some but another": ("rule", ["record.*", "not record.tied"], "record.broken", True),
    "two nots": ("rule", ["not ended", "not threshold"], "record.tied", True),
    "nothing there": ("benchmark", ["SPX"], "", False),
    "nothing there, and a glob for all": ("benchmark", ["*"], "", False),
    "nothing there, and not": ("benchmark", ["not SPX"], "", True),
    "nothing there, asked for": ("labels.desk", ["not *"], "", True),
    "nothing there, asked for, and there": ("labels.desk", ["not *"], "us", False),
    "nothing there, one of others": ("benchmark", ["SPX", "not *"], "", False),
    "as grave": ("severity", [">=warning"], "warning", True),
    "graver": ("severity", [">=warning"], "critical", True),
    "less grave": ("severity", [">=warning"], "info", False),
    "not as grave": ("severity", ["not >=warning"], "critical", False),
    "not as grave, less": ("severity", ["not >=warning"], "info", True),
}


@pytest.mark.parametrize(("field", "texts", "value", "fits"), FITS.values(), ids=FITS)
def test_what_fits(field: str, texts: list[str], value: str, fits: bool) -> None:
    assert Matcher(field, tuple(texts)).matches({field: value}) is fits


def test_a_field_that_is_not_there_is_empty() -> None:
    assert Matcher("labels.desk", ("not us",)).matches({})
    assert not Matcher("labels.desk", ("us",)).matches({})


def test_the_first_that_does_not_fit_is_told() -> None:
    one, two = Matcher("asset", ("RUT",)), Matcher("rule", ("ended",))
    assert failed([one, two], {"asset": "RUT", "rule": "threshold"}) is two
    assert failed([one, two], {"asset": "RUT", "rule": "ended"}) is None
    assert (
        str(Matcher("rule", ("record.*", "not record.tied"))) == "rule: record.*, not record.tied"
    )


@given(st.text("ab*?", max_size=6), st.text("ab", max_size=6))
def test_a_glob_is_what_file_names_make_of_it(pattern: str, value: str) -> None:
    from fnmatch import fnmatchcase

    assert bool(glob(pattern).fullmatch(value)) == fnmatchcase(value, pattern)


def test_a_glob_of_many_stars_takes_no_longer_than_others() -> None:
    assert not glob("*a" * 40 + "*b").fullmatch("a" * 1000)
    assert glob("*a" * 40 + "*").fullmatch("a" * 1000)


FIELDS = st.sampled_from(["asset", "rule", "watchlist"])
VALUES = st.sampled_from(["a", "b", "ab", "abc", "bc", ""])
TEXTS = st.sampled_from(["a", "b", "ab", "abc", "a*", "ab?", "*c", "not a", "not b*", "not *"])
MATCHERS = st.lists(
    st.builds(Matcher, FIELDS, st.lists(TEXTS, min_size=1, max_size=3, unique=True).map(tuple)),
    max_size=3,
)


@given(st.data(), st.lists(MATCHERS, max_size=20))
def test_the_index_finds_what_a_look_at_each_finds(
    data: st.DataObject, items: list[list[Matcher]]
) -> None:
    index, there = Index[int](), {}
    for item, matchers in enumerate(items):
        there[item] = index.add(item, matchers)
    for gone in data.draw(st.sets(st.sampled_from(sorted(there)))) if there else ():
        index.remove(there.pop(gone))
    facts = data.draw(st.dictionaries(FIELDS, VALUES))
    expected = [item for item in there if failed(items[item], facts) is None]
    assert list(index.matching(facts)) == expected
    assert len(index) == len(there)


def test_thousands_are_not_looked_at() -> None:
    index = Index[int]()
    for number in range(10_000):
        by = ("asset", (f"A{number}*" if number % 2 else f"A{number}",))
        index.add(number, [Matcher("watchlist", ("us",)), Matcher(*by)])
    near = list(index._near({"watchlist": "us", "asset": "A4242"}))
    assert sum(map(len, near)) < 10
