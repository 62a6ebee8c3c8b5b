from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.errors import InputError
from metrics.identity import MetricId

NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,11}", fullmatch=True)
WORDS = st.from_regex(r"[A-Za-z][A-Za-z0-9._/-]{0,11}", fullmatch=True).filter(
    lambda word: word.lower() not in ("nan", "inf", "infinity")
)
NUMBERS = st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
IDS = st.builds(MetricId, NAMES, st.dictionaries(NAMES, WORDS | NUMBERS, max_size=4))


@given(IDS)
def test_what_is_printed_is_parsed_back(metric: MetricId) -> None:
    again = MetricId.parse(str(metric))
    assert again == metric
    assert str(again) == str(metric)
    assert hash(again) == hash(metric)


@given(IDS, IDS)
def test_two_metrics_share_a_name_exactly_when_they_are_equal(first: MetricId, second: MetricId) -> None:
    assert (str(first) == str(second)) == (first == second)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("m(a=1,b=2)", "m( b = 2, a = 1 )"),
        ("m(a=0.5)", "m(a=0.50)"),
        ("m(a=1)", "m(a=1.0)"),
        ("m()", "m"),
    ],
)
def test_spelling_makes_no_other_metric(one: str, other: str) -> None:
    assert MetricId.parse(one) == MetricId.parse(other)
    assert str(MetricId.parse(one)) == str(MetricId.parse(other))
    assert len({MetricId.parse(one), MetricId.parse(other)}) == 1


def test_another_parameter_makes_another_metric() -> None:
    ids = ["hybrid_mf", "hybrid_mf(alpha=0.5)", "hybrid_mf(alpha=0.4)", "hybrid_mf(alpha=0.5,queries=annotated)"]
    assert len({str(MetricId.parse(text)) for text in ids}) == len(ids)


@pytest.mark.parametrize(
    "text", ["", "Hybrid", "m(", "m(a)", "m(a=)", "m(=1)", "m(a=1,a=2)", "m(a=1)b", "1m", "m(a=(1))"]
)
def test_what_is_no_metric_id_is_refused_with_the_form_that_is(text: str) -> None:
    with pytest.raises(InputError, match="expected name"):
        MetricId.parse(text)
