"""`vmtbench compare` and `correlate`: from scores to differences, intervals, p-values and correlations."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

Cli = Callable[..., Any]

CLIPS = 8


def _scores(folder: Path, values: Mapping[str, float], *, protocol: str = "mtbench@1", clips: int = CLIPS) -> Path:
    """Write a scores folder with two metrics on `clips` clips: each method's value, falling from clip to clip."""
    rows = [
        {
            "method": method, "clip": f"clip{clip}", "prompt": "p0", "seed": 0, "level": "easy",
            "category": "human", "kind": "caption", "protocol": protocol, "metric": metric,
            "value": value - 0.01 * clip * (1 + value), "unit": "1", "direction": direction, "status": "ok",
            "reason": "", "comparable_with": protocol, "flags": "", "n_used": 1, "n_total": 1,
        }
        for method, value in values.items()
        for metric, direction in (("hybrid_mf", "higher"), ("frechet_mean", "lower"))
        for clip in range(clips)
    ]  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(rows).to_csv(folder / "scores.csv", index=False)
    return folder


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    return _scores(tmp_path / "scores", {"mine": 0.9, "theirs": 0.5, "copy": 1.0})


def _json(cli: Cli, *arguments: object) -> dict[str, Any]:
    result = cli(*arguments, "--json")
    result.succeeds()
    return json.loads(result.out)


def test_two_methods_are_compared_under_every_metric(cli: Cli, scores: Path):
    rows = {row["metric"]: row for row in _json(cli, "compare", "mine", "theirs", scores)["comparison"]}
    assert {name: row["better"] for name, row in rows.items()} == {"hybrid_mf": "mine", "frechet_mean": "theirs"}
    row = rows["hybrid_mf"]
    assert row["low"] < row["difference"] < row["high"]
    assert row["mean_first"] - row["mean_second"] == pytest.approx(row["difference"])
    assert (row["n_pairs"], row["n_better"]) == (CLIPS, CLIPS)
    assert row["wilcoxon_p"] == row["permutation_p"] == 2 / 2**CLIPS
    assert row["wilcoxon_p_holm"] == 2 * row["wilcoxon_p"]


def test_the_printed_comparison_says_who_is_better_and_how_to_read_it(cli: Cli, scores: Path):
    result = cli("compare", "mine", "theirs", scores)
    result.succeeds()
    for words in (
        "mtbench@1",
        "hybrid_mf ↑",
        "frechet_mean ↓",
        "8/0/0",
        "0/8/0",
        "0.008 (0.016)",
        "first minus second",
    ):
        assert words in result.out
    assert "38.6" in cli("compare", "mine", "theirs", scores, "--percent").out


def test_few_clips_give_a_difference_and_the_reason_for_no_interval(cli: Cli, tmp_path: Path):
    few = _scores(tmp_path / "few", {"mine": 0.9, "theirs": 0.5}, clips=3)
    out = cli("compare", "mine", "theirs", few).out
    assert "+0.396" in out
    assert "no interval: 3 clips have a value, expected at least 6" in out
    row = _json(cli, "compare", "mine", "theirs", few)["comparison"][0]
    assert (row["low"], row["high"]) == (None, None)


def test_several_folders_are_compared_together(cli: Cli, tmp_path: Path):
    one, two = _scores(tmp_path / "one", {"mine": 0.9}), _scores(tmp_path / "two", {"theirs": 0.5})
    assert _json(cli, "compare", "mine", "theirs", one, two) == _json(cli, "compare", "mine", "theirs", two, one)


def test_only_the_named_protocols_are_compared(cli: Cli, scores: Path, tmp_path: Path):
    other = _scores(tmp_path / "dmt", {"mine": 0.9, "theirs": 0.5}, protocol="dmt@1")
    for given in ("dmt", "dmt@1"):
        rows = _json(cli, "compare", "mine", "theirs", scores, other, "--protocol", given)["comparison"]
        assert {row["protocol"] for row in rows} == {"dmt@1"}
    everything = _json(cli, "compare", "mine", "theirs", scores, other)["comparison"]
    assert {row["protocol"] for row in everything} == {"dmt@1", "mtbench@1"}


def test_the_csv_holds_the_whole_comparison_and_a_seed_repeats_it(cli: Cli, scores: Path, tmp_path: Path):
    files = [tmp_path / f"{name}.csv" for name in ("one", "again", "other")]
    for file, seed in zip(files, (1, 1, 2), strict=True):
        cli("compare", "mine", "theirs", scores, "--csv", file, "--seed", seed).succeeds()
    one, again, other = (file.read_bytes() for file in files)
    assert one == again != other
    assert pd.read_csv(files[0])["seed"].tolist() == [1, 1]


def test_what_cannot_be_compared_is_refused_in_one_line(cli: Cli, scores: Path, tmp_path: Path):
    cli("compare", "mine", "their", scores).refuses("unknown method 'their'", "did you mean theirs")
    cli("compare", "mine", "theirs", scores, "--protocol", "dmt").refuses("'dmt'", "mtbench@1")
    cli("compare", "mine", "theirs", tmp_path / "none").refuses("none", "vmtbench score")
    cli("compare", "mine", "theirs").refuses("missing argument")


def test_metrics_are_correlated_at_each_level(cli: Cli, scores: Path):
    for level, count in (("sample", 3 * CLIPS), ("clip", 3 * CLIPS), ("method", 3)):
        (row,) = _json(cli, "correlate", scores, "--level", level)["metrics"]
        assert (row["level"], row["n"]) == (level, count)
        assert row["spearman"] == pytest.approx(-1), "the same numbers, one metric higher and one lower better"
    result = cli("correlate", scores)
    result.succeeds()
    assert "an observation is a clip" in result.out
    assert "-1.000" in result.out


def test_metrics_are_correlated_with_the_ranks_of_a_study(cli: Cli, scores: Path, tmp_path: Path):
    study = tmp_path / "study.csv"
    study.write_text("aspect,method,average_rank\nmotion,mine,1.5\nmotion,theirs,2.9\nmotion,copy,1.1\n")
    found = _json(cli, "correlate", scores, "--ranks", study)
    assert {(row["metric"], round(row["spearman"], 6)) for row in found["ranks"]} == {
        ("hybrid_mf", 1), ("frechet_mean", -1),
    }  # fmt: skip
    assert "with average ranks" in cli("correlate", scores, "--ranks", study).out


def test_too_few_observations_are_counted_with_their_reason(cli: Cli, tmp_path: Path):
    two = _scores(tmp_path / "two", {"mine": 0.9, "theirs": 0.5})
    out = cli("correlate", two, "--level", "method").out
    assert "pairs without a correlation: 1, because 2 observations have both values, expected at least 3" in out
    assert _json(cli, "correlate", two, "--level", "method")["metrics"][0]["spearman"] is None


def test_ranks_that_cannot_be_used_are_refused_in_one_line(cli: Cli, scores: Path, tmp_path: Path):
    study = tmp_path / "study.csv"
    cli("correlate", scores, "--ranks", study).refuses("study.csv", "not a readable CSV of ranks")
    for text, words in {
        "": ("study.csv", "not a readable CSV"),
        "aspect,method\nmotion,mine\n": ("no column 'average_rank'",),
        "aspect,method,average_rank\nmotion,mine,first\n": ("study.csv, row 2", "'first'"),
        "aspect,method,average_rank\nmotion,mine,1\nmotion,mine,2\n": ("mine twice",),
        "aspect,method,average_rank\nmotion,nobody,1\n": ("nobody", "copy, mine, theirs"),
    }.items():
        study.write_text(text)
        cli("correlate", scores, "--ranks", study).refuses(*words)
