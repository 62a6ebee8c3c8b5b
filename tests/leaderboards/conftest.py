"""Made-up score rows that tests change one thing of."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from leaderboards.scores import COLUMNS

UNAVAILABLE = "CLIP weights are not here; run: vmtbench fetch clip-vit-b32"
_ROW: dict[str, Any] = {
    "method": "MethodA", "clip": "bear", "prompt": "p0", "seed": 0, "level": "easy", "category": "single_object",
    "kind": "foreground_background", "protocol": "mtbench@1", "metric": "hybrid_mf(alpha=0.5)", "value": 0.5,
    "unit": "1", "direction": "higher", "status": "ok", "reason": "", "comparable_with": "mtbench@1", "flags": "",
    "n_used": 100, "n_total": 100,
}  # fmt: skip


@pytest.fixture
def row() -> Callable[..., dict[str, Any]]:
    """One valid row of scores; keywords change columns, and a status other than ok empties the value."""

    def make(**changes: Any) -> dict[str, Any]:
        made = _ROW | changes
        if made["status"] != "ok":
            made["value"] = math.nan
        return made

    return make


@pytest.fixture
def frame() -> Callable[..., pd.DataFrame]:
    """Rows as `read_scores` would return them."""
    return lambda *rows: pd.DataFrame(list(rows), columns=list(COLUMNS))


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[..., Path]:
    """Rows as a CSV file."""

    def write(*rows: dict[str, Any], name: str = "scores.csv") -> Path:
        path = tmp_path / name
        pd.DataFrame(list(rows), columns=list(COLUMNS)).to_csv(path, index=False, lineterminator="\n")
        return path

    return write


@pytest.fixture
def leaderboard_rows(row: Callable[..., dict[str, Any]]) -> list[dict[str, Any]]:
    """Two methods and two controls on four clips: a motion metric of other settings, and edit fidelity unavailable."""
    rows = []
    for rank, method in enumerate(["B_method", "A&method", "copy", "noise"]):
        for number, level in enumerate(["easy", "easy", "medium", "hard"]):
            place = {"method": method, "clip": f"clip{number}", "level": level}
            other = {"comparable_with": "mtbench@1[tracker=dis]"}
            value = 0.9 - 0.1 * rank - 0.01 * number
            rows.append(row(**place, **other, value=value))
            rows.append(row(**place, **other, metric="cos_mean", value=value - 0.1))
            rows.append(row(**place, **other, metric="exp_frechet_mean", value=value + 0.05))
            clip = {"unit": "cosine x100", "status": "unavailable", "reason": UNAVAILABLE}
            rows.append(row(**place, metric="edit_fidelity(backbone=ViT-B-32)", **clip))
    return rows
