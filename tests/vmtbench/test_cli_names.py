"""Misspelt names: each is refused with the nearest ones and the list."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def test_a_misspelt_method_is_refused(cli: Cli, made: Path, out: Path):
    result = cli("run", "recolor", "--bench", made, "--out", out)
    result.refuses("unknown method 'recolor'", "did you mean recolour?", "copy, jitter, noise")
    assert not out.exists()


def test_a_misspelt_method_among_right_ones_stops_all(cli: Cli, made: Path, out: Path):
    cli("run", "copy", "statik", "--bench", made, "--out", out, "--quiet").refuses("did you mean static?")
    assert not out.exists()


def test_a_method_that_has_no_videos_is_refused(cli: Cli, made: Path, videos: Path, out: Path):
    result = cli("score", videos, "--bench", made, "--scores", out, "--method", "coppy")
    result.refuses("unknown method in", "'coppy'", "did you mean copy?")


def test_a_misspelt_protocol_is_refused(cli: Cli, made: Path, videos: Path, out: Path):
    result = cli("score", videos, "--bench", made, "--scores", out, "--protocol", "mtbnch")
    result.refuses("unknown protocol 'mtbnch'", "did you mean mtbench or vmtbench?")


def test_a_misspelt_tracker_is_refused(cli: Cli, clips: Path, made: Path, videos: Path, out: Path):
    cli("build", clips, "--out", out, "--tracker", "diss").refuses("unknown tracker 'diss'", "did you mean dis?")
    result = cli("score", videos, "--bench", made, "--scores", out, "--tracker", "diss", "--quiet")
    result.refuses("unknown tracker 'diss'", "did you mean dis?")
    assert not out.exists()


def test_a_misspelt_format_is_refused(cli: Cli, clips: Path, out: Path):
    cli("build", clips, "--out", out, "--format", "davs").refuses("unknown format 'davs'", "did you mean davis?")


def test_an_option_that_a_format_does_not_have_is_refused(cli: Cli, clips: Path, out: Path):
    cli("build", clips, "--out", out, "--year", 2017).refuses("format 'folder'", "no option --year", "--fps")


def test_a_misspelt_criterion_is_refused(cli: Cli, clips: Path, out: Path):
    cli("build", clips, "--out", out, "--select", "min_frame=8").refuses("'min_frame'", "did you mean min_frames")


@pytest.mark.parametrize("size", ["720", "720x", "0x480", "-720x480", "big"])
def test_a_size_that_is_none_is_refused(cli: Cli, clips: Path, out: Path, size: str):
    cli("build", clips, "--out", out, f"--size={size}").refuses("--size", repr(size), "WIDTHxHEIGHT", "720x480")


def test_a_device_that_is_not_there_is_refused(cli: Cli, made: Path, videos: Path, out: Path):
    result = cli("score", videos, "--bench", made, "--scores", out, "--device", "cuda:99")
    result.refuses("--device 'cuda:99'", "not on this machine", "use cpu")


def test_misspelt_weights_are_refused(cli: Cli):
    cli("fetch", "dinov2-bse", "--offline").refuses("unknown weights 'dinov2-bse'", "did you mean dinov2-base?")


def test_a_misspelt_kind_of_list_or_record_is_refused_with_the_kinds_there_are(cli: Cli):
    cli("list", "metods").refuses("'metods'", "'methods', 'metrics', 'protocols', 'weights'")
    cli("schema", "clips").refuses("'clips'", "'clip', 'benchmark', 'score'")


def test_scores_that_are_not_there_are_refused(cli: Cli, tmp_path: Path, out: Path):
    cli("leaderboard", tmp_path / "scores", "--out", out).refuses(str(tmp_path / "scores"), "run `vmtbench score`")


def test_a_folder_of_videos_that_is_not_there_is_refused(cli: Cli, made: Path, tmp_path: Path):
    cli("score", tmp_path / "none", "--bench", made).refuses("none is not a folder", "METHOD/CLIP/PROMPT.mp4")
