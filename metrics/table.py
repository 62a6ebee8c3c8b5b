"""The long table of all scores: `scores.csv` and `scores.parquet`."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.errors import InputError
from benchmark.files import write_bytes_atomic, write_text_atomic
from metrics.records import COLUMNS

if TYPE_CHECKING:
    import pandas as pd

_KEY = ["protocol", "method", "clip", "prompt", "seed"]
_NUMBERS = {"value": "float64", "seed": "int64", "n_used": "int64", "n_total": "int64"}
_TYPES = {column: _NUMBERS.get(column, "str") for column in COLUMNS}


def write_table(scores: Path, rows: Sequence[Mapping[str, Any]]) -> tuple[Path, Path]:
    """Write `rows` to the tables in folder `scores`; rows of other methods and protocols that stand there stay.

    Values are written with 17 significant digits, so that reading gives the same numbers; the order of rows, and so
    the bytes, depend on the scores alone.

    Raises:
        InputError: a `scores.csv` stands there that is not such a table.
    """
    import pandas as pd

    csv, parquet = scores / "scores.csv", scores / "scores.parquet"
    table = pd.DataFrame(rows, columns=list(COLUMNS)).fillna({"level": ""}).astype(_TYPES)
    if csv.exists():
        before = _read(csv)
        passed = set(zip(table["protocol"], table["method"], strict=True))
        kept = [pair not in passed for pair in zip(before["protocol"], before["method"], strict=True)]
        table = pd.concat([frame for frame in (before[kept], table) if len(frame)], ignore_index=True)
    table = table.sort_values(_KEY, kind="stable", ignore_index=True)
    write_text_atomic(csv, table.to_csv(index=False, lineterminator="\n", float_format="%.17g"))
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    write_bytes_atomic(parquet, buffer.getvalue())
    return csv, parquet


def _read(csv: Path) -> pd.DataFrame:
    """Read a table to the very numbers and words that were written; a clip called 007 stays one."""
    import pandas as pd

    types = {column: kind for column, kind in _TYPES.items() if column != "value"}
    exact = {"value": lambda text: float(text or "nan")}  # pandas' own parser errs in the last bit before version 3
    try:
        return pd.read_csv(csv, keep_default_na=False, dtype=types, converters=exact)[list(COLUMNS)]
    except (ValueError, KeyError) as error:
        raise InputError(f"{csv} is no table of scores ({error}); move it away, or choose another folder") from error
