from __future__ import annotations

import pickle

import pytest

from metrics.result import Score

NONFINITE = [float("nan"), float("inf"), -float("inf")]


def test_a_computed_score_has_a_value_and_no_reason() -> None:
    score = Score.ok(0.5, n_used=3, flags=("resampled",), detail={"cos_mean": 0.25})
    assert (score.value, score.status, score.reason, score.code) == (0.5, "ok", "", "")
    assert (score.n_used, score.n_total) == (3, 3)
    assert score.detail == {"cos_mean": 0.25}


@pytest.mark.parametrize("make", [Score.undefined, Score.unavailable])
def test_a_missing_score_starts_its_reason_with_the_code(make) -> None:
    score = make("count_mismatch", "100 and 60 tracks; track again", n_total=60)
    assert score.value is None
    assert score.reason == "count_mismatch: 100 and 60 tracks; track again"
    assert score.code == "count_mismatch"
    assert (score.n_used, score.n_total) == (0, 60)


@pytest.mark.parametrize("number", NONFINITE)
def test_a_score_refuses_a_value_that_is_not_finite(number: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Score.ok(number, n_used=1)


@pytest.mark.parametrize("number", NONFINITE)
def test_a_score_refuses_a_detail_that_is_not_finite(number: float) -> None:
    with pytest.raises(ValueError, match="frechet_mean"):
        Score.ok(0.5, n_used=1, detail={"frechet_mean": number})


def test_a_score_refuses_a_value_that_contradicts_its_status() -> None:
    with pytest.raises(ValueError, match="go together"):
        Score(None, "ok", "", 0, 0)
    with pytest.raises(ValueError, match="go together"):
        Score(1.0, "undefined", "nonfinite: clean the tracks", 0, 1)


@pytest.mark.parametrize("reason", ["", "no code", "Capital: clause", "code:", "code: "])
def test_a_missing_score_refuses_a_reason_without_code_and_clause(reason: str) -> None:
    with pytest.raises(ValueError, match="machine_code"):
        Score(None, "undefined", reason, 0, 1)


def test_a_computed_score_refuses_a_reason() -> None:
    with pytest.raises(ValueError, match="no reason"):
        Score(1.0, "ok", "nonfinite: clean the tracks", 1, 1)


@pytest.mark.parametrize(("used", "total"), [(2, 1), (-1, 1)])
def test_a_score_refuses_counts_that_cannot_be(used: int, total: int) -> None:
    with pytest.raises(ValueError, match="n_used"):
        Score.ok(1.0, n_used=used, n_total=total)


def test_flags_are_added_once_and_keep_their_order() -> None:
    score = Score.ok(1.0, n_used=1, flags=("resampled",)).with_flags("static_reference", "resampled")
    assert score.flags == ("resampled", "static_reference")


def test_a_score_travels_between_processes() -> None:
    score = Score.ok(0.5, n_used=3, detail={"cos_mean": 0.25})
    assert pickle.loads(pickle.dumps(score)) == score
