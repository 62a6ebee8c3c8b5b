"""The verbs as Python functions, with paths as plain strings."""

from __future__ import annotations

from pathlib import Path

import pytest

import vmtbench
from annotate.settings import BuildSettings, SourceSettings
from benchmark.errors import InputError


def test_the_five_verbs_work_one_after_the_other_with_strings_for_paths(clips: Path, tmp_path: Path):
    bench, out, board = (str(tmp_path / name) for name in ("bench", "out", "board"))
    settings = BuildSettings(name="two", source=SourceSettings(limit=2))
    built = vmtbench.build(str(clips), bench, settings=settings)
    assert [clip.id for clip in built.benchmark.clips] == ["resting-crate", "sliding-tiles"]
    inspection = vmtbench.inspect(bench, sheets=str(tmp_path / "sheets"))
    assert inspection.sound, inspection.problems
    assert len(list((tmp_path / "sheets").iterdir())) == 2
    report = vmtbench.run(["copy", "static"], bench, out)
    assert (len(report.done), report.failed) == (2 * 2 * 8, {})
    scored = vmtbench.score(out, bench)
    assert (len(scored.report.done), scored.report.failed) == (2 * 2 * 8, {})
    assert scored.tables[0] == tmp_path / "out" / "scores" / "scores.csv"
    files = vmtbench.leaderboard(str(scored.tables[0].parent), board, bench=bench)
    assert {file.name for file in files} >= {"leaderboard.csv", "leaderboard.md", "leaderboard.tex"}
    text = (tmp_path / "board" / "leaderboard.md").read_text(encoding="utf-8")
    assert "copy" in text
    assert "static" in text


def test_a_program_is_a_method_under_the_one_name_given(made: Path, tmp_path: Path):
    report = vmtbench.run(["mine"], str(made), str(tmp_path), command="cp {source} {output}", timeout=30)
    assert len(report.done) == 24
    assert all(key.startswith("mine/") for key in report.done)


def test_methods_and_protocols_that_are_wanted_alone_are_scored_alone(made: Path, videos: Path, tmp_path: Path):
    scored = vmtbench.score(str(videos), str(made), scores=str(tmp_path), protocols=["mtbench"], methods=["copy"])
    assert scored.tables[0].parent == tmp_path
    assert all(key.startswith("copy/") for key in scored.report.done)


def test_unusable_input_raises_an_error_that_is_one_sentence(tmp_path: Path):
    with pytest.raises(InputError, match="does not exist, expected the folder of a data set; check the path"):
        vmtbench.build(str(tmp_path / "none"), str(tmp_path / "bench"))
    with pytest.raises(InputError, match=r"benchmark\.json is missing"):
        vmtbench.inspect(str(tmp_path))
