from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.errors import InputError, ItemError
from benchmark.masks import write_mask
from benchmark.readers import read_dataset
from benchmark.selection import Criteria, mean_flow, motion_of, parse_criteria, reason_against
from benchmark.sequence import Sequence
from benchmark.video import write_video

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
HEIGHT, WIDTH = 96, 128
ANY_MOTION = Criteria(min_motion=0)


def texture(height: int, width: int, seed: int) -> np.ndarray:
    """Return a smooth random picture uint8 [H, W, 3]."""
    coarse = np.random.default_rng(seed).integers(0, 255, (height // 4, width // 4, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def scene(frames: int = 8, *, size: int = 40, speed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Render a textured square that moves right over a still background.

    Returns uint8 frames [T, H, W, 3] and masks [T, H, W]; `speed` is in pixels per frame.
    """
    video = np.stack([texture(HEIGHT, WIDTH, seed=0)] * frames)
    masks = np.zeros((frames, HEIGHT, WIDTH), dtype=np.uint8)
    patch = texture(size, size, seed=1)
    for t in range(frames):
        left = 8 + t * speed
        video[t, 16 : 16 + size, left : left + size] = patch
        masks[t, 16 : 16 + size, left : left + size] = 1
    return video, masks


def on_disk(root: Path, video: np.ndarray, masks: np.ndarray | None, name: str = "clip") -> Sequence:
    """Save a scene as a folder of frames."""
    folder = root / name
    folder.mkdir()
    images = tuple(folder / f"{t:05d}.png" for t in range(len(video)))
    for path, frame in zip(images, video, strict=True):
        Image.fromarray(frame).save(path)
    paths = {t: root / f"{name}-masks" / f"{t:05d}.png" for t in range(len(masks) if masks is not None else 0)}
    for t, path in paths.items():
        assert masks is not None
        write_mask(path, masks[t])
    return Sequence(dataset="rendered", name=name, images=images, fps=24.0, masks=paths)


def test_a_moving_object_is_accepted(tmp_path: Path) -> None:
    sequence = on_disk(tmp_path, *scene(speed=3))
    assert reason_against(sequence, Criteria()) is None


def test_a_short_sequence_is_rejected_without_opening_a_picture(tmp_path: Path) -> None:
    sequence = Sequence(dataset="x", name="short", images=(tmp_path / "a.png",), masks={0: tmp_path / "b.png"})
    assert reason_against(sequence, Criteria()) == "it has 1 frame, expected at least 8"


def test_motion_is_the_speed_in_frame_heights_per_frame(tmp_path: Path) -> None:
    sequence = on_disk(tmp_path, *scene(speed=3))
    assert motion_of(sequence) == pytest.approx(3 / HEIGHT, rel=0.15)


def test_motion_is_measured_on_the_object_and_not_on_the_background(tmp_path: Path) -> None:
    video, masks = scene(speed=3)
    on_object = motion_of(on_disk(tmp_path, video, masks, "object"))
    everywhere = motion_of(on_disk(tmp_path, video, None, "everywhere"))
    assert everywhere < on_object / 3


def test_motion_counts_original_frames(tmp_path: Path) -> None:
    sequence = on_disk(tmp_path, *scene(speed=3))
    assert motion_of(replace(sequence, frame_step=5)) == pytest.approx(motion_of(sequence) / 5)


def test_a_mask_of_the_first_frame_alone_is_enough_to_measure_motion(tmp_path: Path) -> None:
    video, masks = scene(speed=3)
    assert motion_of(on_disk(tmp_path, video, masks[:1])) == pytest.approx(3 / HEIGHT, rel=0.15)


def test_frames_from_which_the_object_is_gone_do_not_count(tmp_path: Path) -> None:
    video, masks = scene(speed=3)
    masks[1:] = 0
    assert motion_of(on_disk(tmp_path, video, masks)) == pytest.approx(3 / HEIGHT, rel=0.15)


def test_equal_frames_have_no_flow() -> None:
    frame = texture(HEIGHT, WIDTH, seed=0)
    assert mean_flow(frame, frame, None) == pytest.approx(0, abs=1e-6)


def test_the_flow_does_not_depend_on_the_resolution() -> None:
    first = texture(768, 1024, seed=0)
    second = np.roll(first, 16, axis=1)
    small = [np.asarray(Image.fromarray(frame).resize((512, 384))) for frame in (first, second)]
    where = np.zeros((96, 128), dtype=bool)
    where[24:72, 32:96] = True
    assert mean_flow(first, second, where) == pytest.approx(16 / 768, rel=0.1)
    assert mean_flow(small[0], small[1], where) == pytest.approx(16 / 768, rel=0.1)


def test_a_still_object_is_rejected_with_its_motion(tmp_path: Path) -> None:
    reason = reason_against(on_disk(tmp_path, *scene(speed=0)), Criteria()) or ""
    assert reason.startswith("its objects move ")
    assert "expected at least 0.0005" in reason


@pytest.mark.parametrize(
    ("bounds", "accepted"),
    [
        ({"min_area": 0.1, "max_area": 0.2}, True),
        ({"min_area": 0.2, "max_area": 0.5}, False),
        ({"min_area": 0.0, "max_area": 0.1}, False),
    ],
)
def test_the_object_must_cover_a_share_between_the_bounds(tmp_path: Path, bounds: dict, accepted: bool) -> None:
    sequence = on_disk(tmp_path, *scene(size=40))
    reason = reason_against(sequence, Criteria(min_motion=0, **bounds))
    share = f"{40 * 40 / (HEIGHT * WIDTH):.3g}"
    expected = (
        f"its objects cover {share} of the first frame, expected {bounds['min_area']:g} to {bounds['max_area']:g}"
    )
    assert reason == (None if accepted else expected)


def test_a_first_mask_that_is_all_black_is_rejected_by_its_file(tmp_path: Path) -> None:
    video, masks = scene()
    masks[0] = 0
    sequence = on_disk(tmp_path, video, masks)
    assert reason_against(sequence, ANY_MOTION) == (
        f"the mask of its first frame, {sequence.masks[0]}, is all background, expected an object there"
    )


def test_an_object_that_appears_later_is_rejected(tmp_path: Path) -> None:
    sequence = on_disk(tmp_path, *scene())
    late = replace(sequence, masks={t: mask for t, mask in sequence.masks.items() if t >= 3})
    assert "no mask (frame 3 is the first that has one)" in (reason_against(late, ANY_MOTION) or "")


def test_a_soft_mask_is_judged_by_its_threshold(tmp_path: Path) -> None:
    video, masks = scene()
    sequence = on_disk(tmp_path, video, masks)
    Image.fromarray(masks[0] * 100).save(sequence.masks[0])
    assert reason_against(sequence, ANY_MOTION) is None
    assert "all background" in (reason_against(replace(sequence, soft_masks=True), ANY_MOTION) or "")


def test_a_sequence_without_masks_is_judged_by_length_and_motion(tmp_path: Path) -> None:
    moving = on_disk(tmp_path, scene(speed=3)[0], None, "moving")
    still = on_disk(tmp_path, scene(speed=0)[0], None, "still")
    assert reason_against(moving, Criteria()) is None
    assert (reason_against(still, Criteria()) or "").startswith("it moves 0 frame heights")


def test_a_video_file_is_judged_like_its_frames(tmp_path: Path) -> None:
    video, masks = scene(speed=3)
    frames = on_disk(tmp_path, video, masks)
    write_video(tmp_path / "clip.mp4", video, 24.0)
    file = replace(frames, images=(), video=tmp_path / "clip.mp4", fps=None)
    assert motion_of(file) == pytest.approx(motion_of(frames), rel=0.1)
    assert reason_against(file, Criteria(min_frames=9)) == "it has 8 frames, expected at least 9"


def test_a_criterion_of_no_motion_decodes_no_frames(tmp_path: Path) -> None:
    sequence = on_disk(tmp_path, *scene())
    for image in sequence.images:
        image.write_text("no picture")
    assert reason_against(sequence, ANY_MOTION) is None


def test_a_sequence_that_cannot_be_read_is_an_error_and_no_rejection(tmp_path: Path) -> None:
    broken = on_disk(tmp_path, *scene(speed=3), "broken")
    broken.masks[0].write_text("no picture")
    with pytest.raises(ItemError, match="cannot be read as a picture"):
        reason_against(broken, Criteria())


def test_criteria_are_read_from_text() -> None:
    criteria = parse_criteria("min_frames=24, min_area = 0.01,max_area=0.6,min_motion=0.002,")
    assert criteria == Criteria(min_frames=24, min_area=0.01, max_area=0.6, min_motion=0.002)
    assert parse_criteria("") == Criteria()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("min_frame=3", "unknown criterion in --select 'min_frame', expected .*; did you mean min_frames"),
        ("min_frames", "holds 'min_frames', expected key=value"),
        ("min_area=0.1,min_area=0.2", "gives min_area twice"),
        ("min_frames=many", "min_frames=many: .*integer"),
        ("min_frames=1", "min_frames=1: .*greater than or equal to 2"),
        ("min_area=2", "min_area=2: .*less than or equal to 1"),
        ("min_motion=nan", "min_motion=nan: .*"),
        ("min_area=0.5,max_area=0.4", "min_area 0.5 is larger than max_area 0.4"),
    ],
)
def test_criteria_that_make_no_sense_are_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        parse_criteria(text)
    assert "\n" not in str(error.value)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is absent")
@pytest.mark.parametrize("folder", ["DAVIS", "YouTube-VOS", "MTBench", "clips"])
def test_the_real_clips_are_accepted_by_the_defaults(folder: str) -> None:
    reasons = {sequence.name: reason_against(sequence, Criteria()) for sequence in read_dataset(SHARED / folder)}
    assert reasons == dict.fromkeys(reasons), "a real clip was rejected"
