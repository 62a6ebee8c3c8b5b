from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from benchmark.errors import InputError, ItemError, Unavailable
from benchmark.rendered.catalogue import sliding_tiles, tumbling_dumbbell
from benchmark.rendered.render import render
from benchmark.video import read_video, write_video
from metrics import vbench_environment
from metrics.encoders import load_clip
from metrics.result import Score
from metrics.vbench import aesthetic_quality, frame_weighted, motion_smoothness, vbench_consistency
from metrics.vbench_backbones import VBenchClip, dino_pixels, load_aesthetic_head, load_amt
from metrics.vbench_environment import DIMENSIONS, environment_python, make_environment
from metrics.vbench_official import OfficialRun, run_official

TOLERANCE = 1e-5

# A repository as torch.hub takes it, whose network only averages: DINO's own code is compared in another module.
HUB = """
import torch

class Average(torch.nn.Module):
    def forward(self, pixels):
        return torch.nn.functional.adaptive_avg_pool2d(pixels, 3).flatten(1)

def dino_vitb16(**options):
    return Average()
"""

STUB = """
import json, sys
from pathlib import Path
arguments = sys.argv[sys.argv.index("-c") + 2:]
videos, output, *dimensions = arguments[1:]
"""


def put_environment(cache: Path, program: str) -> Path:
    """Make what counts as an environment of which the interpreter is `program`, a shell line."""
    folder = cache / "vbench-0.1.5"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").write_text(f"#!/bin/sh\n{program}\n")
    (folder / "bin" / "python").chmod(0o755)
    (folder / "ready").write_text("\n".join((*vbench_environment.FOUNDATION, *vbench_environment.PACKAGES)))
    return cache


@pytest.fixture
def answering(tmp_path: Path) -> Callable[[str], Path]:
    """Make an environment whose interpreter runs the given lines instead of VBench."""

    def make(lines: str) -> Path:
        program = tmp_path / "stub.py"
        program.write_text(STUB + lines)
        return put_environment(tmp_path / "cache", f'exec "{sys.executable}" "{program}" "$@"')

    return make


@pytest.fixture
def videos(tmp_path: Path) -> list[Path]:
    """Two rendered clips of different length whose names a shell or VBench's own reading of names would break."""
    paths = [tmp_path / "a cat's $HOME-2.mp4", tmp_path / "zwei; #2.mp4"]
    for path, scene, frames in zip(paths, (sliding_tiles(), tumbling_dumbbell()), (5, 8), strict=True):
        write_video(path, render(scene).frames[:frames, :130, :180], scene.fps)
    return paths


def run(videos: list[Path], cache: Path, **options: Any) -> OfficialRun:
    log = cache / "run.log"
    return run_official(videos, options.pop("dimensions", DIMENSIONS), cache, log, weights=options.pop("weights", {}))


def test_without_the_environment_the_command_that_makes_it_is_named(tmp_path: Path, videos: list[Path]) -> None:
    with pytest.raises(Unavailable, match="run: vmtbench fetch vbench-env"):
        run(videos, tmp_path)


def test_an_environment_made_with_other_pins_does_not_count(tmp_path: Path) -> None:
    put_environment(tmp_path, "true")
    environment_python(tmp_path)
    (tmp_path / "vbench-0.1.5" / "ready").write_text("numpy<3")
    with pytest.raises(Unavailable, match="fetch vbench-env"):
        environment_python(tmp_path)


def test_an_environment_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    put_environment(tmp_path, "exit 1")
    assert make_environment(tmp_path) == tmp_path / "vbench-0.1.5" / "bin" / "python"


def test_a_failing_installation_is_one_sentence_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho no room at the inn\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr(vbench_environment, "_interpreter", lambda: str(broken))
    with pytest.raises(InputError, match=r"exit status 3: no room at the inn.*vbench-0\.1\.5\.log"):
        make_environment(tmp_path / "cache")
    with pytest.raises(Unavailable):
        environment_python(tmp_path / "cache")


def test_later_pythons_look_for_one_that_vbenchs_pins_have_wheels_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/python3.10" if name == "python3.10" else None)
    assert vbench_environment._interpreter() == "/bin/python3.10"
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(Unavailable, match=r"Python 3\.11"):
        vbench_environment._interpreter()


def test_answers_come_back_in_the_order_of_the_videos(answering: Callable[[str], Path], videos: list[Path]) -> None:
    cache = answering(
        """
rows = [{"video_path": str(path), "video_results": path.stat().st_size} for path in sorted(Path(videos).iterdir())]
Path(output, "vmtbench_eval_results.json").write_text(json.dumps({name: [7, rows[::-1]] for name in dimensions}))
"""
    )
    answer = run(videos, cache, dimensions=DIMENSIONS[:2])
    assert list(answer.scores) == list(DIMENSIONS[:2])
    assert [score.value for score in answer.scores["subject_consistency"]] == [path.stat().st_size for path in videos]
    assert answer.means["background_consistency"].value == 7


def test_a_number_that_is_not_finite_is_undefined(answering: Callable[[str], Path], videos: list[Path]) -> None:
    cache = answering(
        """
rows = [{"video_path": str(path), "video_results": float("nan")} for path in Path(videos).iterdir()]
Path(output, "vmtbench_eval_results.json").write_text(json.dumps({name: [float("inf"), rows] for name in dimensions}))
"""
    )
    answer = run(videos, cache)
    assert {score.code for scores in answer.scores.values() for score in scores} == {"nonfinite"}
    assert answer.means["aesthetic_quality"].code == "nonfinite"


def test_a_failure_is_one_sentence_with_its_log(answering: Callable[[str], Path], videos: list[Path]) -> None:
    cache = answering('print("Loading"); sys.exit("wget: unable to resolve host")')
    with pytest.raises(ItemError, match=r"exit status 1 \(wget: unable to resolve host\); see .*run\.log"):
        run(videos, cache)
    assert "Loading" in (cache / "run.log").read_text()


@pytest.mark.parametrize(
    "answer", ["", "{}", "[1]", '{"subject_consistency": [1, []]}', '{"subject_consistency": [1, [{"a": 1}]]}']
)
def test_an_answer_that_cannot_be_read_names_the_log(
    answer: str, answering: Callable[[str], Path], videos: list[Path]
) -> None:
    cache = answering(f'Path(output, "vmtbench_eval_results.json").write_text({answer!r})')
    with pytest.raises(ItemError, match=r"answer cannot be read.*run\.log"):
        run(videos, cache, dimensions=["subject_consistency"])


def test_nothing_of_a_run_is_left_but_its_log(answering: Callable[[str], Path], videos: list[Path]) -> None:
    cache = answering("sys.exit(1)")
    with pytest.raises(ItemError):
        run(videos, cache)
    assert sorted(path.name for path in cache.iterdir()) == ["run.log", "vbench-0.1.5", "vbench-weights"]


def test_python_variables_of_this_process_do_not_reach_vbench(
    answering: Callable[[str], Path], videos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    cache = answering('import os; sys.exit(str(sorted(name for name in os.environ if name.startswith("PYTHON"))))')
    with pytest.raises(ItemError, match=r"\(\[\]\)"):
        run(videos, cache)


@pytest.mark.parametrize(
    ("paths", "dimensions", "message"),
    [
        ([], ["subject_consistency"], "at least one video"),
        (["a.mp4"], [], "at least one video and one dimension"),
        (["a.avi"], ["subject_consistency"], r"a\.avi is not an \.mp4 file"),
        (["a.mp4"], ["subject_consistensy"], "did you mean subject_consistency"),
    ],
)
def test_what_vbench_cannot_do_is_refused_before_it_starts(
    paths: list[str], dimensions: list[str], message: str, tmp_path: Path
) -> None:
    cache = put_environment(tmp_path, "exit 9")
    with pytest.raises(InputError, match=message):
        run([Path(path) for path in paths], cache, dimensions=dimensions)


def test_clip_weights_that_are_broken_are_named(videos: list[Path], tmp_path: Path) -> None:
    cache = put_environment(tmp_path / "cache", f'exec "{sys.executable}" "$@"')
    (tmp_path / "open_clip_model.safetensors").write_bytes(b"broken")
    with pytest.raises(InputError, match=r"open_clip_model\.safetensors cannot be given to VBench"):
        run(videos, cache, weights={"clip-vit-b-32": tmp_path})


@pytest.fixture
def shared_weights(vbench_weights: Path, amt_weights: Path, tmp_path: Path) -> Mapping[str, Path]:
    """Tiny weights for both sides; AMT's without what torch 2.6 and later refuse to read for VBench."""
    dino, amt = tmp_path / "weights" / "dino-vitb16", tmp_path / "weights" / "amt-s"
    shutil.copytree(vbench_weights / "dino-vitb16", dino)
    (dino / "facebookresearch_dino_main").mkdir()
    (dino / "facebookresearch_dino_main" / "hubconf.py").write_text(HUB)
    amt.mkdir()
    state = torch.load(amt_weights / "amt-s.pth", weights_only=False)["state_dict"]
    torch.save({"state_dict": state}, amt / "amt-s.pth")
    others = ("clip-vit-b-32", "clip-vit-l-14", "laion-aesthetic")
    return {"dino-vitb16": dino, "amt-s": amt} | {name: vbench_weights / name for name in others}


def own_scores(frames: NDArray[np.uint8], weights: Mapping[str, Path]) -> dict[str, Score]:
    average = torch.nn.functional.adaptive_avg_pool2d(dino_pixels(frames), 3).flatten(1)
    background, aesthetic = (VBenchClip(load_clip(weights[name], "cpu")) for name in ("clip-vit-b-32", "clip-vit-l-14"))
    amt = load_amt(weights["amt-s"], "cpu")
    return {
        "subject_consistency": vbench_consistency(average),
        "background_consistency": vbench_consistency(background.encode_frames(frames)),
        "aesthetic_quality": aesthetic_quality(
            aesthetic.encode_frames(frames), *load_aesthetic_head(weights["laion-aesthetic"], "cpu")
        ),
        "motion_smoothness": motion_smoothness(frames, amt, smallest=amt.smallest),
    }


def test_the_official_package_and_ours_agree_on_the_same_weights(
    videos: list[Path], shared_weights: Mapping[str, Path], official: Callable[[str], Any], tmp_path: Path
) -> None:
    """The package runs in the environment under VMTBENCH_VBENCH_CACHE, else in this interpreter if it is here."""
    cache = tmp_path / "cache"
    if made := os.environ.get("VMTBENCH_VBENCH_CACHE"):
        cache.mkdir()
        (cache / "vbench-0.1.5").symlink_to(environment_python(Path(made)).parents[1])
    else:
        for dimension in DIMENSIONS:
            official(f"vbench.{dimension}")
        put_environment(cache, f'exec "{sys.executable}" "$@"')
    answer = run(videos, cache, weights=shared_weights)
    ours = [own_scores(read_video(video).frames, shared_weights) for video in videos]
    for dimension in DIMENSIONS:
        expected = [score.value for score in answer.scores[dimension]]
        assert [scores[dimension].value for scores in ours] == pytest.approx(expected, abs=TOLERANCE), dimension
    for dimension in ("subject_consistency", "background_consistency"):
        weighted = frame_weighted(scores[dimension] for scores in ours)
        assert weighted.value == pytest.approx(answer.means[dimension].value, abs=TOLERANCE), dimension
