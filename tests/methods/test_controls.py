from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from benchmark.engine import WorkOptions
from benchmark.files import seed_of, sha256_of_file
from benchmark.manifest import Prompt
from benchmark.rendered.catalogue import tumbling_dumbbell
from benchmark.rendered.render import render
from benchmark.store import Benchmark
from benchmark.video import read_video
from methods.adapter import Request
from methods.controls import JITTER_BRIGHTNESS, Control, Copy, jitter, noise, recolour, reverse, static
from methods.registry import CONTROLS
from methods.run import MethodSpec, run_method

Frames = NDArray[np.uint8]
CHANGES = (static, reverse, recolour, jitter, noise)
VIDEOS = arrays(np.uint8, st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 6), st.just(3)))
SEEDS = st.integers(0, 2**63 - 1)


@pytest.fixture(scope="module")
def frames() -> Frames:
    """A rendered clip, 24 frames of 256x192."""
    return render(tumbling_dumbbell()).frames


def luma(frames: Frames) -> NDArray[np.float64]:
    return frames.astype(np.float64) @ np.array([0.299, 0.587, 0.114])


@pytest.mark.parametrize("change", CHANGES)
@given(frames=VIDEOS, seed=SEEDS)
def test_a_control_keeps_shape_and_type_gives_the_same_for_a_seed_and_leaves_its_input(
    change: Callable[[Frames, int], Frames], frames: Frames, seed: int
) -> None:
    before = frames.copy()
    changed = change(frames, seed)
    assert (changed.shape, changed.dtype) == (frames.shape, np.uint8)
    np.testing.assert_array_equal(changed, change(frames, seed), "the same seed gave other frames")
    np.testing.assert_array_equal(frames, before, "the source was changed, and other prompts share it")


@given(frames=VIDEOS, seed=SEEDS)
def test_static_repeats_the_first_frame(frames: Frames, seed: int) -> None:
    assert (static(frames, seed) == frames[0]).all()


@given(frames=VIDEOS, seed=SEEDS)
def test_reverse_twice_is_the_source(frames: Frames, seed: int) -> None:
    np.testing.assert_array_equal(reverse(reverse(frames, seed), seed), frames)
    np.testing.assert_array_equal(reverse(frames, seed)[0], frames[-1])


@settings(max_examples=200)
@given(frames=VIDEOS, seed=SEEDS)
def test_recolour_keeps_the_luma_of_every_pixel_of_any_colour(frames: Frames, seed: int) -> None:
    assert np.abs(luma(recolour(frames, seed)) - luma(frames)).max() <= 0.5 + 1e-3


@given(level=st.integers(0, 255), seed=SEEDS)
def test_recolour_keeps_grey(level: int, seed: int) -> None:
    grey = np.full((1, 2, 2, 3), level, np.uint8)
    np.testing.assert_array_equal(recolour(grey, seed), grey)


@pytest.mark.parametrize("seed", range(5))
def test_recolour_changes_colours_and_the_same_colour_everywhere_alike(frames: Frames, seed: int) -> None:
    recoloured = recolour(frames, seed)
    assert np.abs(recoloured.astype(int) - frames).mean() > 10, "the appearance is hardly another"
    pairs = {(tuple(a), tuple(b)) for a, b in zip(frames[0].reshape(-1, 3), recoloured[0].reshape(-1, 3), strict=True)}
    assert len(pairs) == len({a for a, _ in pairs}), "one colour became two, so shapes changed"


def test_jitter_shakes_and_flickers_every_frame_by_itself(frames: Frames) -> None:
    still = static(frames, 0)
    jittered = jitter(still, 0)
    brightness = jittered.mean(axis=(1, 2, 3)) / still.mean()
    assert brightness.std() > 0.05, "brightness does not flicker"
    assert (np.abs(brightness - 1) < JITTER_BRIGHTNESS + 0.05).all()
    assert len({frame.tobytes() for frame in jittered}) == len(frames)


@pytest.mark.parametrize("change", [recolour, jitter, noise])
def test_another_seed_gives_another_video(frames: Frames, change: Callable[[Frames, int], Frames]) -> None:
    assert (change(frames, 1) != change(frames, 2)).any()


def test_noise_fills_the_whole_range_evenly(frames: Frames) -> None:
    counts = np.bincount(noise(frames, 3).ravel(), minlength=256)
    assert counts.min() > 0.9 * counts.mean()


def test_a_control_draws_from_the_clip_the_prompt_and_the_seed(bench: Benchmark, tmp_path: Path) -> None:
    source, drawn = bench.source(bench.clips[0]), []

    def note(frames: Frames, seed: int) -> Frames:
        drawn.append(seed)
        return frames

    control = Control(note)
    state = control.prepare(source)
    for prompt, seed in (("p0", 0), ("p1", 0), ("p0", 1)):
        request = Request(Prompt(id=prompt, kind="scene", text="x"), seed, tmp_path / "v.mp4")
        control.generate(source, state, request)
    assert drawn == [seed_of("resting-crate/p0", 0), seed_of("resting-crate/p1", 0), seed_of("resting-crate/p0", 1)]


def test_a_control_writes_a_video_of_the_sources_size_and_rate(bench: Benchmark, tmp_path: Path) -> None:
    source = bench.source(bench.clips[0])
    control = Control(reverse)
    control.generate(source, control.prepare(source), Request(source.clip.prompts[0], 0, tmp_path / "v.mp4"))
    video = read_video(tmp_path / "v.mp4")
    assert (video.frames.shape, video.fps) == ((5, 64, 96, 3), 12)
    assert np.abs(video.frames.astype(int) - source.frames[::-1]).mean() < 3


def test_copy_takes_the_sources_own_bytes(bench: Benchmark, tmp_path: Path) -> None:
    source = bench.source(bench.clips[0])
    Copy().generate(source, None, Request(source.clip.prompts[0], 0, tmp_path / "v.mp4"))
    assert sha256_of_file(tmp_path / "v.mp4") == source.clip.video.sha256


def test_the_order_of_work_changes_no_control(bench: Benchmark, tmp_path: Path) -> None:
    backwards = Benchmark(bench.root, bench.info, tuple(reversed(bench.clips)))
    for name in CONTROLS:
        run_method(MethodSpec(name, name), bench, tmp_path / "a")
        run_method(MethodSpec(name, name), backwards, tmp_path / "b")
    run_method(MethodSpec("noise", "noise"), bench, tmp_path / "c", options=WorkOptions(jobs=2))
    first, second, third = (
        {path.relative_to(tmp_path / out): sha256_of_file(path) for path in (tmp_path / out).rglob("*.mp4")}
        for out in "abc"
    )
    assert len(first) == 6 * len(CONTROLS)
    assert first == second
    assert third.items() <= first.items()
