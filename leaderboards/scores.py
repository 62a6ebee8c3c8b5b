"""Reads score files: the long table that `vmtbench score` writes, checked before anything is averaged."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmark.errors import InputError

COLUMNS = (
    "method", "clip", "prompt", "seed", "level", "category", "kind", "protocol", "metric", "value", "unit",
    "direction", "status", "reason", "comparable_with", "flags", "n_used", "n_total",
)  # fmt: skip
LEVELS = ("hard", "medium", "easy")
DIRECTIONS = ("higher", "lower")
STATUSES = ("ok", "undefined", "unavailable", "missing", "failed")

_NEVER_EMPTY = ("method", "clip", "prompt", "protocol", "metric", "unit", "comparable_with")
_INTEGERS = ("seed", "n_used", "n_total")
_SAMPLE = ["protocol", "comparable_with", "metric", "method", "clip", "prompt", "seed"]
_WORDS = {"level": (*LEVELS, ""), "direction": DIRECTIONS, "status": STATUSES}


def read_scores(paths: Sequence[Path]) -> pd.DataFrame:
    """Read and check score files; one row per (method, clip, prompt, seed, protocol, settings, metric).

    Args:
        paths: CSV files, Parquet files, or folders that hold a `scores.csv`.

    Returns:
        A frame with the columns `COLUMNS`, sorted by sample, so that the order of the files does not matter. `value`
        is float64 and NaN exactly where `status` is not `ok`; `seed`, `n_used` and `n_total` are nullable integers;
        all else is text, empty where nothing was said. `level` is empty for a clip whose difficulty is unknown.

    Raises:
        InputError: a file cannot be read or a row breaks the contract; names file, row and column. Rows count as in
            a spreadsheet: the header is row 1.
    """
    if not paths:
        raise InputError("no score files were given; pass the scores.csv that `vmtbench score` wrote, or its folder")
    table = pd.concat([_read_file(_score_file(Path(path))) for path in paths], ignore_index=True)
    if table.empty:
        names = ", ".join(str(path) for path in paths)
        raise InputError(f"{names}: found no scores below the header; run `vmtbench score` first")
    _check_text(table)
    table = _with_numbers(table)
    _check_duplicates(table)
    for column in ("level", "category"):
        _check_agreement(table, ["clip"], column)
    _check_agreement(table, ["clip", "prompt"], "kind")
    for column in ("unit", "direction"):
        _check_agreement(table, ["protocol", "comparable_with", "metric"], column)
    return table.sort_values(_SAMPLE, ignore_index=True)[list(COLUMNS)]


def _score_file(path: Path) -> Path:
    file = path / "scores.csv" if path.is_dir() else path
    if not file.is_file():
        raise InputError(f"{file}: no such score file; run `vmtbench score` first or correct the path")
    return file


def _read_file(file: Path) -> pd.DataFrame:
    """Read the columns as text, with the file's name and the row numbers beside them for messages."""
    try:
        table = _read_parquet(file) if file.suffix == ".parquet" else _read_csv(file)
    except (ValueError, OSError) as error:  # an empty file, a bad row, not UTF-8 or not Parquet: all ValueErrors
        first_line = str(error).strip().split("\n")[0]
        raise InputError(f"{file}: not a readable score file ({first_line}); run `vmtbench score` again") from error
    absent = [column for column in COLUMNS if column not in table.columns]
    if absent:
        raise InputError(
            f"{file}: column {absent[0]!r} is missing ({len(absent)} of {len(COLUMNS)} are); "
            f"expected the columns {', '.join(COLUMNS)}, as `vmtbench score` writes them"
        )
    return table[list(COLUMNS)].assign(file=str(file), row=range(2, len(table) + 2))


def _read_csv(file: Path) -> pd.DataFrame:
    """Read rows as long as the header, or raise a ValueError: pandas fills short rows and cuts long ones silently."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        try:
            header, *rows = csv.reader(lines, strict=True)
        except csv.Error as error:
            raise ValueError(error) from error
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise ValueError(f"row {number} has {len(row)} cells and the header {len(header)}")
    return pd.DataFrame(rows, columns=pd.Index(header), dtype=str)


def _read_parquet(file: Path) -> pd.DataFrame:
    table = pd.read_parquet(file, dtype_backend="numpy_nullable")
    return table.astype(object).map(lambda cell: "" if pd.isna(cell) else str(cell))


def _check_text(table: pd.DataFrame) -> None:
    for column in _NEVER_EMPTY:
        _refuse(table, table[column] == "", column, "a name")
    for column, words in _WORDS.items():
        _refuse(table, ~table[column].isin(words), column, "one of " + ", ".join(word or "(empty)" for word in words))
    for column in _INTEGERS:
        _refuse(table, ~table[column].str.fullmatch(r"(-?\d+(\.0)?)?"), column, "a whole number or nothing")
    ok = table["status"] == "ok"
    _refuse(table, ok & ~table["value"].map(_is_finite), "value", "a finite number, because the status is ok")
    _refuse(table, ~ok & (table["value"] != ""), "value", "nothing, because the status is not ok")
    _refuse(table, ~ok & (table["reason"] == ""), "reason", "a reason, because the status is not ok")


def _is_finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _with_numbers(table: pd.DataFrame) -> pd.DataFrame:
    integers = {column: pd.to_numeric(table[column].replace("", None)).astype("Int64") for column in _INTEGERS}
    values = [float(text) if text else math.nan for text in table["value"].tolist()]
    return table.assign(value=values, **integers)


def _check_duplicates(table: pd.DataFrame) -> None:
    repeated = table.duplicated(_SAMPLE, keep=False)
    if repeated.any():
        first, second = table[repeated].sort_values(_SAMPLE, kind="stable").head(2).to_dict("records")
        raise InputError(
            f"{second['file']}, row {second['row']}: {second['metric']} of {second['method']} on {second['clip']} / "
            f"{second['prompt']} (seed {second['seed']}) stands in {first['file']}, row {first['row']} already; "
            "keep one row per sample and metric"
        )


def _check_agreement(table: pd.DataFrame, key: list[str], column: str) -> None:
    """Refuse rows that share `key` but not `column`."""
    first = table.drop_duplicates(key)[[*key, column, "file", "row"]]
    paired = table.merge(first, on=key, suffixes=("", "_first"))
    differs = paired[paired[column] != paired[f"{column}_first"]]
    if not differs.empty:
        bad = differs.iloc[0]
        raise InputError(
            f"{bad['file']}, row {bad['row']}, column {column!r}: found {bad[column]!r} for {bad[key[-1]]}, expected "
            f"{bad[f'{column}_first']!r} as in {bad['file_first']}, row {bad['row_first']}; "
            "score both from the same benchmark"
        )


def _refuse(table: pd.DataFrame, bad: pd.Series, column: str, expected: str) -> None:
    if bad.any():
        row = table[bad].iloc[0]
        raise InputError(
            f"{row['file']}, row {row['row']}, column {column!r}: found {row[column]!r}, expected {expected}; "
            "correct the row or run `vmtbench score` again"
        )
