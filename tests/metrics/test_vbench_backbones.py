from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from benchmark.errors import InputError, Unavailable
from benchmark.rendered.catalogue import sliding_tiles, tumbling_dumbbell
from benchmark.rendered.render import render
from benchmark.video import read_video, write_video
from metrics.encoders import load_clip
from metrics.vbench import aesthetic_quality, motion_smoothness, vbench_consistency
from metrics.vbench_backbones import (
    VBenchClip,
    clip_pixels,
    dino_pixels,
    dino_positions,
    load_aesthetic_head,
    load_amt,
    load_vbench_dino,
)

TOLERANCE = 1e-5
CLIPS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "clips"

# What DINO's own vision_transformer.py answers for the fixture's weights: side lengths of a frame, the first five of
# its features, and VBench's subject consistency of four frames.
DINO_FACTS = [
    ((64, 96), (0.734938, -0.523017, -0.192879, 0.82514, 0.06978), 0.9748160441716512),
    ((64, 64), (0.526315, -0.399565, -0.751632, 0.337733, -0.030119), 0.9691111346085867),
    ((48, 50), (0.577302, -0.766366, -0.258756, 0.809716, -0.050357), 0.9715764025847117),
    ((90, 70), (0.58615, -0.593553, -0.430068, 0.560789, -0.014989), 0.9812279244263967),
]

Official = Callable[[str], Any]


def noise(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(5).integers(0, 256, (4, height, width, 3), dtype=np.uint8)


def rendered() -> NDArray[np.uint8]:
    """A rendered clip, cut so that the patch divides neither side after resizing."""
    return render(sliding_tiles()).frames[:9, :150, :190]


def real(name: str) -> NDArray[np.uint8]:
    path = CLIPS / f"{name}.mp4"
    if not path.is_file():
        pytest.skip("no clips of ../shared/data")
    return read_video(path).frames[:9]


@pytest.fixture(
    scope="module",
    params=["rendered", *(pytest.param(name, marks=pytest.mark.shared) for name in ("bmx-trees", "rallye"))],
)
def video(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine frames of a rendered clip, then of real ones, as MP4."""
    path = tmp_path_factory.mktemp("video") / f"{request.param}.mp4"
    write_video(path, rendered() if request.param == "rendered" else real(request.param), fps=10)
    return path


def own(video: Path) -> NDArray[np.uint8]:
    return read_video(video).frames


def test_pixels_equal_vbenchs_own_transforms(video: Path, official: Official) -> None:
    utils = official("vbench.utils")
    loaded, frames = utils.load_video(str(video))[:5], own(video)[:5]
    assert torch.equal(dino_pixels(frames), utils.dino_transform(224)(loaded))
    assert torch.equal(clip_pixels(frames), utils.clip_transform(224)(loaded))


def test_bicubic_overshoot_is_kept() -> None:
    frames = np.zeros((1, 40, 40, 3), np.uint8)
    frames[:, :, 20:] = 255
    white = (1 - 0.48145466) / 0.26862954
    assert clip_pixels(frames)[0, 0].max() > white + 0.1


@pytest.mark.parametrize(("size", "features", "consistency"), DINO_FACTS, ids=str)
def test_dino_equals_its_authors_code(
    size: tuple[int, int], features: tuple[float, ...], consistency: float, vbench_weights: Path
) -> None:
    found = load_vbench_dino(vbench_weights / "dino-vitb16", "cpu").encode_frames(noise(*size))
    assert found.shape == (4, 64)
    assert found[0, :5].tolist() == pytest.approx(features, abs=TOLERANCE)
    assert vbench_consistency(found).value == pytest.approx(consistency, abs=TOLERANCE)


def test_positions_of_the_training_size_are_taken_as_they_are() -> None:
    embedding = torch.randn(1, 197, 8, generator=torch.Generator().manual_seed(0))
    assert dino_positions(embedding, (224, 224), (14, 14)) is embedding


def test_positions_of_the_same_grid_in_an_oblong_frame_are_sampled_again() -> None:
    embedding = torch.randn(1, 197, 8, generator=torch.Generator().manual_seed(0))
    oblong = dino_positions(embedding, (224, 230), (14, 14))
    assert oblong.shape == embedding.shape
    assert torch.equal(oblong[:, 0], embedding[:, 0])
    assert not torch.allclose(oblong[:, 1:], embedding[:, 1:])


@pytest.mark.parametrize("grid", [(14, 21), (14, 24), (14, 35), (30, 14)])
def test_positions_fit_every_grid(grid: tuple[int, int]) -> None:
    size = (grid[0] * 16 + 15, grid[1] * 16)
    assert dino_positions(torch.zeros(1, 197, 4), size, grid).shape == (1, 1 + grid[0] * grid[1], 4)


def test_subject_consistency_equals_vbenchs_function(video: Path, vbench_weights: Path, official: Official) -> None:
    dino = load_vbench_dino(vbench_weights / "dino-vitb16", "cpu")
    function = official("vbench.subject_consistency").subject_consistency
    expected = function(dino._class_token, [str(video)], "cpu", False)[1][0]["video_results"]
    assert vbench_consistency(dino.encode_frames(own(video))).value == pytest.approx(expected, abs=TOLERANCE)


def openai_clip(folder: Path) -> Any:
    """OpenAI's own CLIP with the weights of an open_clip folder."""
    from safetensors.torch import load_file

    model = pytest.importorskip("clip.model", reason="pip install --no-deps clip-anytorch")
    return model.build_model(load_file(folder / "open_clip_model.safetensors")).float().eval()


def test_background_consistency_equals_vbenchs_function(video: Path, vbench_weights: Path, official: Official) -> None:
    function = official("vbench.background_consistency").background_consistency
    folder = vbench_weights / "clip-vit-b-32"
    with torch.no_grad():
        expected = function(openai_clip(folder), None, [str(video)], "cpu", False)[1][0]["video_results"]
    features = VBenchClip(load_clip(folder, "cpu")).encode_frames(own(video))
    assert vbench_consistency(features).value == pytest.approx(expected, abs=TOLERANCE)


def test_aesthetic_quality_equals_vbenchs_function(video: Path, vbench_weights: Path, official: Official) -> None:
    module = official("vbench.aesthetic_quality")
    head = module.get_aesthetic_model(str(vbench_weights / "laion-aesthetic"))
    folder = vbench_weights / "clip-vit-l-14"
    expected = module.laion_aesthetic(head, openai_clip(folder), [str(video)], "cpu")[1][0]["video_results"]
    features = VBenchClip(load_clip(folder, "cpu")).encode_frames(own(video))
    assert features.shape[1] == 768
    weight, bias = load_aesthetic_head(vbench_weights / "laion-aesthetic", "cpu")
    assert aesthetic_quality(features, weight, bias).value == pytest.approx(expected, abs=TOLERANCE)


def test_motion_smoothness_equals_vbenchs_class(
    video: Path, amt_weights: Path, official: Official, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = official("vbench.motion_smoothness")
    monkeypatch.setattr(sys, "path", [*sys.path])
    frames = np.stack([cv2.resize(frame, (150, 120), interpolation=cv2.INTER_AREA) for frame in own(video)[:8]])
    for index, frame in enumerate(frames):
        cv2.imwrite(str(tmp_path / f"{index:03d}.png"), frame[..., ::-1])
    config = Path(module.__file__).parent / "third_party" / "amt" / "cfgs" / "AMT-S.yaml"
    monkeypatch.setattr(torch, "load", lambda path, load=torch.load, **options: load(path, weights_only=False))
    expected = module.MotionSmoothness(str(config), str(amt_weights / "amt-s.pth"), "cpu").motion_score(str(tmp_path))
    monkeypatch.undo()
    amt = load_amt(amt_weights, "cpu")
    assert motion_smoothness(frames, amt, smallest=amt.smallest).value == pytest.approx(expected, abs=TOLERANCE)


def test_amt_takes_the_smallest_frame_it_names_and_none_below(amt_weights: Path) -> None:
    amt = load_amt(amt_weights, "cpu")
    size = amt.smallest
    assert amt(torch.ones(1, 3, size, size), torch.zeros(1, 3, size, size)).isfinite().all()
    assert amt(torch.ones(1, 3, size - 16, size), torch.zeros(1, 3, size - 16, size)).isnan().any()


def test_loading_amt_changes_neither_logging_nor_how_pillow_reads(
    amt_weights: Path, script: Callable[..., Any]
) -> None:
    program = script(
        """
        import logging, sys
        from pathlib import Path
        from PIL import ImageFile
        from metrics.vbench_backbones import load_amt
        load_amt(Path(sys.argv[1]), "cpu")
        print(logging.getLogger().level, logging.getLogger().handlers, ImageFile.LOAD_TRUNCATED_IMAGES)
        """
    )
    assert program.run(amt_weights).split() == ["30", "[]", "False"]


def test_amt_without_the_package_vbench_names_the_command(amt_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vbench", None)
    for name in [name for name in sys.modules if name.startswith("vbench.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(Unavailable, match=r"pip install --no-deps vbench==0\.1\.5"):
        load_amt(amt_weights, "cpu")


@pytest.mark.parametrize("content", [b"", b"not weights", "other"], ids=["empty", "no pickle", "other tensors"])
@pytest.mark.parametrize(
    ("load", "file"),
    [
        (lambda folder: load_vbench_dino(folder, "cpu"), "dino_vitbase16_pretrain.pth"),
        (lambda folder: load_aesthetic_head(folder, "cpu"), "sa_0_4_vit_l_14_linear.pth"),
        (lambda folder: load_amt(folder, "cpu"), "amt-s.pth"),
    ],
    ids=["dino", "laion", "amt"],
)
def test_broken_weights_are_named(
    load: Callable[[Path], Any], file: str, content: bytes | str, tmp_path: Path, official: Official
) -> None:
    if file == "amt-s.pth":
        official("vbench")
    if isinstance(content, bytes):
        (tmp_path / file).write_bytes(content)
    else:
        torch.save({content: torch.zeros(3)}, tmp_path / file)
    with pytest.raises(InputError, match=f"{file} cannot be loaded .*fetch them again"):
        load(tmp_path)


def test_weights_that_would_run_code_are_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return (Path.touch, (str(tmp_path / "ran"),))

    torch.save({"weight": Evil()}, tmp_path / "sa_0_4_vit_l_14_linear.pth")
    with pytest.raises(InputError, match="cannot be loaded"):
        load_aesthetic_head(tmp_path, "cpu")
    assert not (tmp_path / "ran").exists()


def test_frames_are_embedded_alike_in_any_number(vbench_weights: Path) -> None:
    frames = np.concatenate([render(tumbling_dumbbell()).frames[:3]] * 12)
    dino = load_vbench_dino(vbench_weights / "dino-vitb16", "cpu")
    together = dino.encode_frames(frames)
    assert len(together) == 36
    assert torch.allclose(together[33:], dino.encode_frames(frames[33:]), atol=TOLERANCE)
