"""The long table of all scores: `scores.csv` and `scores.parquet`."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.files import write_bytes_atomic, write_text_atomic
from metrics.records import COLUMNS

_KEY = ["protocol", "method", "clip", "prompt", "seed"]


def write_table(scores: Path, rows: Sequence[Mapping[str, Any]]) -> tuple[Path, Path]:
    """Write `rows` to the tables in folder `scores`; rows of other methods and protocols that stand there stay.

    Values are written with 17 significant digits, so that reading gives the same numbers; the order of rows, and so
    the bytes, depend on the scores alone.
    """
    import pandas as pd

    csv, parquet = scores / "scores.csv", scores / "scores.parquet"
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"value": "float64", "seed": "int64"})
    if csv.exists():
        before = pd.read_csv(csv, keep_default_na=False, na_values={"value": [""]}, dtype={"level": str, "prompt": str})
        passed = set(zip(table["protocol"], table["method"], strict=True))
        kept = [pair not in passed for pair in zip(before["protocol"], before["method"], strict=True)]
        table = pd.concat([frame for frame in (before[kept], table) if len(frame)], ignore_index=True)
    table["level"] = table["level"].fillna("")
    table = table.sort_values(_KEY, kind="stable", ignore_index=True)
    write_text_atomic(csv, table.to_csv(index=False, lineterminator="\n", float_format="%.17g"))
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    write_bytes_atomic(parquet, buffer.getvalue())
    return csv, parquet
