"""`vmtbench list`, `schema`, `doctor`, `fetch` and `inspect`: what there is, and what of it is here."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import vmtbench.checks
from benchmark.manifest import Clip
from benchmark.weights import WEIGHTS
from methods.registry import METHODS
from metrics.catalogue import METRICS
from metrics.protocol import protocol_names

Cli = Callable[..., Any]


@pytest.fixture(autouse=True)
def empty_hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


def _listed(cli: Cli, kind: str) -> list[dict[str, Any]]:
    result = cli("list", kind, "--json")
    result.succeeds()
    return json.loads(result.out)[kind]


def test_all_methods_metrics_and_protocols_are_listed(cli: Cli):
    assert [row["method"] for row in _listed(cli, "methods")] == list(METHODS)
    assert [row["metric"] for row in _listed(cli, "metrics")] == list(METRICS)
    assert [row["protocol"].partition("@")[0] for row in _listed(cli, "protocols")] == protocol_names()


def test_weights_are_listed_with_the_command_that_fetches_those_not_here(cli: Cli):
    rows = _listed(cli, "weights")
    assert [row["weights"] for row in rows] == list(WEIGHTS)
    for row in rows:
        assert row["on this machine"].endswith(f"are not here; run: vmtbench fetch {row['weights']}")


def test_weights_in_a_given_folder_are_found(cli: Cli, tmp_path: Path):
    for file in WEIGHTS["dinov2-base"].files:
        path = tmp_path / "dinov2-base" / file.replace("*", "x")
        path.parent.mkdir(exist_ok=True)
        path.touch()
    rows = json.loads(cli("list", "weights", "--weights", tmp_path, "--json").out)["weights"]
    assert [row["on this machine"] for row in rows if row["weights"] == "dinov2-base"] == [
        f"here: {tmp_path / 'dinov2-base'}"
    ]


def test_a_printed_list_holds_the_same_words_whole(cli: Cli):
    out = "".join(cli("list", "methods").out.split())
    for name, info in METHODS.items():
        assert name in out
        assert "".join(info.summary.split()) in out


def test_the_schema_is_that_of_the_manifest(cli: Cli):
    assert json.loads(cli("schema").out) == Clip.model_json_schema()
    assert json.loads(cli("schema", "score", "--json").out)["title"] == "ScoreRecord"


def test_fetch_without_the_network_says_so_and_downloads_nothing(cli: Cli, tmp_path: Path):
    result = cli("fetch", "dinov2-base", "--weights", tmp_path / "weights", "--offline")
    result.refuses("weights dinov2-base", "--offline forbids the download", "run without --offline")
    assert not (tmp_path / "weights").exists()


def test_doctor_is_content_with_a_machine_that_lacks_only_what_is_optional(cli: Cli):
    result = cli("doctor", "--json")
    result.succeeds()
    checks = {check["name"]: check for check in json.loads(result.out)["checks"]}
    assert checks["torch"]["state"] == "ok"
    assert checks["weights dinov2-base"]["state"] == "missing"
    assert checks["weights dinov2-base"]["found"].endswith("run: vmtbench fetch dinov2-base")


def test_doctor_finds_fault_with_a_machine_that_lacks_what_every_command_needs(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
):
    def version(name: str) -> str:
        if name == "scipy":
            raise PackageNotFoundError(name)
        return "1"

    monkeypatch.setattr(vmtbench.checks, "version", version)
    result = cli("doctor", "--json")
    assert result.status == 1
    faults = [check for check in json.loads(result.out)["checks"] if check["state"] == "fault"]
    assert [(fault["name"], fault["found"]) for fault in faults] == [
        ("scipy", "not installed; run: pip install vmtbench")
    ]


def test_inspect_shows_every_clip_and_counts_levels_categories_and_prompts(cli: Cli, made: Path):
    result = cli("inspect", made)
    result.succeeds()
    for clip in ("resting-crate", "sliding-tiles", "tumbling-dumbbell"):
        assert f"{clip} " in result.out
    assert "96x64" in result.out
    assert "clips: 3, all files as the manifest says" in result.out
    assert "prompts: 3 caption, 3 subject, 3 scene, 15 foreground_background" in result.out


def test_inspect_writes_a_contact_sheet_per_clip(cli: Cli, made: Path, tmp_path: Path):
    cli("inspect", made, "--sheets", tmp_path / "sheets").succeeds()
    sheets = sorted((tmp_path / "sheets").iterdir())
    assert [sheet.name for sheet in sheets] == ["resting-crate.png", "sliding-tiles.png", "tumbling-dumbbell.png"]
    with Image.open(sheets[0]) as sheet:
        assert min(sheet.size) > 64
