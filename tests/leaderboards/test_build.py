from __future__ import annotations

import pandas as pd
import pytest

from benchmark.errors import InputError
from leaderboards.build import build_leaderboard

FILES = [
    "leaderboard.csv", "leaderboard_long.csv", "statistics.csv", "leaderboard.md", "leaderboard.tex", "tradeoff.png",
    "difficulty.png",
]  # fmt: skip


def test_a_leaderboard_folder_holds_tables_and_figures(tmp_path, write_csv, leaderboard_rows):
    out = tmp_path / "board"
    written = build_leaderboard([write_csv(*leaderboard_rows)], out)
    assert [path.name for path in written] == FILES
    assert sorted(path.name for path in out.iterdir()) == sorted(FILES), "nothing else may be left behind"
    assert len(pd.read_csv(out / "leaderboard.csv")) == 4


def test_the_same_scores_give_the_same_bytes_in_any_order(tmp_path, write_csv, leaderboard_rows):
    whole = write_csv(*leaderboard_rows, name="whole.csv")
    parts = [write_csv(*leaderboard_rows[9:], name="b.csv"), write_csv(*reversed(leaderboard_rows[:9]), name="a.csv")]
    first = build_leaderboard([whole], tmp_path / "one")
    second = build_leaderboard(parts, tmp_path / "two")
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes(), f"{one.name} differs"


def test_percent_leaves_the_csvs_unscaled(tmp_path, write_csv, leaderboard_rows):
    scores = [write_csv(*leaderboard_rows)]
    plain = build_leaderboard(scores, tmp_path / "plain")
    percent = build_leaderboard(scores, tmp_path / "percent", percent=True)
    same = {one.name for one, two in zip(plain, percent, strict=True) if one.read_bytes() == two.read_bytes()}
    assert same == {"leaderboard.csv", "leaderboard_long.csv", "statistics.csv", "difficulty.png"}


def test_statistics_hold_means_with_intervals_over_all_clips_and_per_level_category_and_kind(tmp_path, write_csv, row):
    rows = [
        row(clip=f"clip{number}", level=("easy", "hard")[number % 2], value=number / 10, category="human")
        for number in range(8)
    ]
    build_leaderboard([write_csv(*rows)], tmp_path)
    table = pd.read_csv(tmp_path / "statistics.csv").fillna({"by": ""})
    assert set(zip(table["by"], table["group"], strict=True)) == {
        ("", "all-clips"), ("level", "hard"), ("level", "easy"), ("level", "all"), ("category", "human"),
        ("category", "all"), ("kind", "foreground_background"),
    }  # fmt: skip
    whole = table[table["group"] == "all-clips"].iloc[0]
    assert (whole["mean"], whole["n_clips"], whole["coverage"]) == (0.35, 8, 1)
    assert 0 < whole["low"] < 0.35 < whole["high"] < 0.7


def test_clips_of_the_benchmark_change_the_figure_of_difficulty(tmp_path, write_csv, leaderboard_rows):
    scores = [write_csv(*leaderboard_rows)]
    build_leaderboard(scores, tmp_path / "scores")
    build_leaderboard(scores, tmp_path / "bench", clips=[("clip0", "easy", 2), ("clip9", "hard", 7)])
    pictures = [(tmp_path / name / "difficulty.png").read_bytes() for name in ("scores", "bench")]
    assert pictures[0] != pictures[1]


def test_empty_scores_are_refused_and_nothing_is_written(tmp_path, write_csv):
    with pytest.raises(InputError, match="found no scores"):
        build_leaderboard([write_csv()], tmp_path / "board")
    assert not (tmp_path / "board").exists()
