"""Benchmark folders that were changed by hand or damaged."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Cli = Callable[..., Any]
Change = Callable[[list[dict[str, Any]]], object]

COMMANDS = {
    "inspect": ["inspect", "{bench}"],
    "run": ["run", "copy", "--bench", "{bench}", "--out", "{out}"],
    "score": ["score", "{videos}", "--bench", "{bench}", "--scores", "{out}"],
    "leaderboard": ["leaderboard", "{scores}", "--bench", "{bench}", "--out", "{out}"],
}


@pytest.fixture
def change(own_made: Path) -> Callable[[Change], Path]:
    """Change the manifest's records, and return the benchmark."""

    def rewrite(edit: Change) -> Path:
        manifest = own_made / "metadata.jsonl"
        records = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
        edit(records)
        manifest.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        return own_made

    return rewrite


@pytest.mark.parametrize("command", COMMANDS)
def test_a_manifest_with_an_unknown_field_is_refused_by_every_command(
    cli: Cli, change: Callable[[Change], Path], videos: Path, tmp_path: Path, command: str
):
    bench = change(lambda records: records[1].update(colour="red"))
    places = {"bench": bench, "out": tmp_path / "out", "videos": videos, "scores": tmp_path}
    result = cli(*(part.format_map(places) for part in COMMANDS[command]))
    result.refuses("metadata.jsonl line 2, clip 'sliding-tiles'", "field 'colour' is unknown", "remove it")
    assert not (tmp_path / "out").exists(), "something was written before the benchmark was checked"


def test_a_manifest_with_an_unknown_field_inside_a_field_is_refused_with_both_names(
    cli: Cli, change: Callable[[Change], Path]
):
    bench = change(lambda records: records[0]["tracks"].update(colour="red"))
    cli("inspect", bench).refuses("clip 'resting-crate'", "field 'tracks.colour' is unknown")


@pytest.mark.parametrize("path", ["../secret.mp4", "/etc/passwd", "videos/../../secret.mp4"])
def test_a_manifest_whose_path_leaves_the_folder_is_refused(cli: Cli, change: Callable[[Change], Path], path: str):
    bench = change(lambda records: records[2].update(file_name=path))
    cli("inspect", bench).refuses("line 3, clip 'tumbling-dumbbell'", "field 'file_name'", path, "correct it")


def test_a_manifest_that_names_a_clip_twice_is_refused(cli: Cli, change: Callable[[Change], Path]):
    bench = change(lambda records: records[1].update(id=records[0]["id"]))
    cli("inspect", bench).refuses("metadata.jsonl", "names clip 'resting-crate' twice", "remove one")


def test_a_manifest_with_a_value_of_the_wrong_kind_is_refused(cli: Cli, change: Callable[[Change], Path]):
    bench = change(lambda records: records[0]["video_file"].update(frames="many"))
    cli("inspect", bench).refuses("clip 'resting-crate'", "field 'video_file.frames'", "'many'", "integer")


def test_a_manifest_line_that_is_no_json_is_refused(cli: Cli, own_made: Path):
    manifest = own_made / "metadata.jsonl"
    manifest.write_text(manifest.read_text(encoding="utf-8")[:-30], encoding="utf-8")
    cli("inspect", own_made).refuses("metadata.jsonl line 3", "not valid JSON", "restore or remove the line")


@pytest.mark.parametrize("version", [2, "1", None])
def test_a_benchmark_of_another_version_is_refused(cli: Cli, own_made: Path, version: object):
    info = own_made / "benchmark.json"
    values = json.loads(info.read_text(encoding="utf-8")) | {"schema_version": version}
    info.write_text(json.dumps(values), encoding="utf-8")
    cli("inspect", own_made).refuses(str(info), "'schema_version'", f"found {version!r}", "expected 1", "build")


def test_a_folder_that_is_no_benchmark_is_refused(cli: Cli, clips: Path):
    cli("inspect", clips).refuses("benchmark.json is missing", "vmtbench build")


def test_tracks_with_nan_are_an_error_of_inspect(cli: Cli, own_made: Path):
    _spoil_tracks(own_made)
    result = cli("inspect", own_made)
    assert result.status == 1
    found = [line for line in result.err.splitlines() if "NaN" in line]
    assert len(found) == 1, result.err
    assert found[0].startswith("error sliding-tiles: tracks file ")
    assert "in 1 of 100 tracks, expected finite ones; delete it and run vmtbench build again" in found[0]
    assert "Traceback" not in result.err


def test_tracks_with_nan_fail_the_videos_of_their_clip_and_no_other(
    cli: Cli, own_made: Path, videos: Path, tmp_path: Path
):
    tracks = _spoil_tracks(own_made)
    result = cli("score", videos, "--bench", own_made, "--scores", tmp_path / "scores", "--quiet")
    result.fails(8, "copy/sliding-tiles/", str(tracks), "holds NaN")
    with (tmp_path / "scores" / "scores.csv").open(encoding="utf-8") as table:
        rows = [row for row in csv.DictReader(table) if row["clip"] == "sliding-tiles"]
    assert len(rows) == 8 * 6, "a video that could not be judged lacks rows"
    assert {(row["status"], row["value"]) for row in rows} == {("failed", "")}
    assert all("holds NaN" in row["reason"] for row in rows)


def test_a_changed_video_is_an_error_of_inspect_and_a_stray_file_is_a_note(cli: Cli, own_made: Path):
    video = own_made / "videos" / "sliding-tiles.mp4"
    (own_made / "videos" / "mine.mp4").write_bytes(video.read_bytes())
    strays = cli("inspect", own_made)
    assert (strays.status, strays.err.count("\n")) == (0, 1), strays
    assert strays.err.startswith("note: "), strays
    video.write_bytes(video.read_bytes() + b"\0")
    changed = cli("inspect", own_made)
    assert changed.status == 1
    assert f"error sliding-tiles: {video} was changed since the benchmark was made" in changed.err


def _spoil_tracks(bench: Path) -> Path:
    path = bench / "tracks" / "sliding-tiles.npz"
    with np.load(path) as arrays:
        values = dict(arrays)
    values["points"][7, 3, 0] = np.nan
    np.savez_compressed(path, **values)
    return path
