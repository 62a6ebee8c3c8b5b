"""Writes a leaderboard folder: tables and figures, all from score files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmark.files import make_output_folder, write_bytes_atomic, write_text_atomic
from leaderboards import statistics
from leaderboards.aggregate import aggregate
from leaderboards.figures import difficulty_distribution, tradeoff
from leaderboards.scores import read_scores
from leaderboards.tables import to_csv, to_latex, to_markdown, to_wide


def build_leaderboard(
    scores: Sequence[Path],
    out: Path,
    *,
    percent: bool = False,
    clips: Sequence[tuple[str, str, int | None]] | None = None,
) -> list[Path]:
    """Write a leaderboard; the same scores give the same bytes, in whatever order their files are named.

    Args:
        scores: score files, or folders that hold a `scores.csv`.
        out: folder to write to, made when absent.
        percent: print plain numbers times 100 in Markdown, LaTeX and figures; CSVs stay unscaled.
        clips: id, level and number of motion clusters per clip of the benchmark, for the figure of difficulty; when
            not given, the clips and levels that the scores name.

    Returns:
        The files written: leaderboard.csv (a row per method), leaderboard_long.csv (a row per mean), statistics.csv
        (means over all clips, per level, category and prompt kind, with their intervals), leaderboard.md,
        leaderboard.tex, tradeoff.png, difficulty.png.

    Raises:
        InputError: the scores are empty or break their contract, or nothing can be written to `out`.
        OutputError: the disk filled up on the way.
    """
    table = read_scores(scores)
    summary = aggregate(table)
    make_output_folder(out)
    texts = {
        "leaderboard.csv": to_csv(to_wide(summary)),
        "leaderboard_long.csv": to_csv(summary),
        "statistics.csv": to_csv(_statistics(table)),
        "leaderboard.md": to_markdown(summary, percent=percent),
        "leaderboard.tex": to_latex(summary, percent=percent),
    }
    pictures = {
        "tradeoff.png": tradeoff(summary, percent=percent),
        "difficulty.png": difficulty_distribution(_clips_of(table) if clips is None else clips),
    }
    for name, text in texts.items():
        write_text_atomic(out / name, text)
    for name, picture in pictures.items():
        write_bytes_atomic(out / name, picture)
    return [out / name for name in (*texts, *pictures)]


def _statistics(scores: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([statistics.summary(scores, by=by) for by in (None, "level", "category", "kind")])


def _clips_of(scores: pd.DataFrame) -> list[tuple[str, str, int | None]]:
    named = scores[["clip", "level"]].drop_duplicates().sort_values("clip")
    return [(clip, level, None) for clip, level in named.itertuples(index=False)]
