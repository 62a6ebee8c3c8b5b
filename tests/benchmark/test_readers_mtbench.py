from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.errors import InputError, ItemError
from benchmark.readers import mtbench, read_dataset

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "MTBench"


def make_clip(folder: Path, *clips: str, index: bool = True) -> Path:
    """Lay out one published folder whose videos, masks and trajectories cannot be opened."""
    for clip in clips:
        for path in (f"videos/{clip}.mp4", f"masks/{clip}/00000.png", f"masks/{clip}/00001.png"):
            write(folder / path, "no picture")
        write(folder / f"trajectories/{clip}.pth", "no tensor")
    if index:
        write(folder / "videos.txt", "\r\n".join(f"videos/{clip}.mp4" for clip in clips))
        write(folder / "masks.txt", "\n".join(f"masks/{clip}" for clip in clips))
        write(folder / "trajectories.txt", "\n".join(f"trajectories/{clip}.pth" for clip in clips))
    write(folder / "prompts.txt", "\r\n".join(f"A {clip} runs. " for clip in clips))
    write(folder / "eval_prompts.txt", "\r\n".join(f" A robot {clip}. \n\nA chef {clip}.  " for clip in clips))
    return folder


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, newline="")


def test_a_folder_of_clip_folders_is_read_and_nothing_opened(tmp_path: Path) -> None:
    make_clip(tmp_path / "dog", "dog")
    make_clip(tmp_path / "cat", "cat")
    cat, dog = read_dataset(tmp_path)
    assert (cat.name, dog.name) == ("cat", "dog")
    assert dog.video == tmp_path / "dog" / "videos" / "dog.mp4"
    assert dog.masks == {0: tmp_path / "dog" / "masks" / "dog" / "00000.png"}, "only mask 00000 belongs to the video"
    assert dog.soft_masks
    assert dog.tracks == tmp_path / "dog" / "trajectories" / "dog.pth"
    assert dog.caption == "A dog runs."
    assert dog.prompts == ("A robot dog.", "A chef dog.")
    assert (dog.dataset, dog.fps, dog.images) == ("mtbench", None, ())


def test_one_clip_folder_is_read_by_itself(tmp_path: Path) -> None:
    (sequence,) = read_dataset(make_clip(tmp_path, "dog"))
    assert sequence.name == "dog"


def test_lines_of_a_folder_with_several_clips_go_together(tmp_path: Path) -> None:
    cat, dog = read_dataset(make_clip(tmp_path, "dog", "cat"))
    assert (cat.caption, cat.prompts) == ("A cat runs.", ("A robot cat.", "A chef cat."))
    assert (dog.caption, dog.prompts) == ("A dog runs.", ("A robot dog.", "A chef dog."))


@pytest.mark.parametrize("index", [True, False])
def test_a_picture_of_a_result_is_no_clip(tmp_path: Path, index: bool) -> None:
    make_clip(tmp_path, "dog", index=index)
    write(tmp_path / "videos" / "tracker.mp4", "no video")
    assert [sequence.name for sequence in read_dataset(tmp_path)] == ["dog"]


def test_videos_without_index_masks_or_trajectory_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "videos" / "dog.mp4", "no video")
    write(tmp_path / "prompts.txt", "A dog runs.")
    with pytest.raises(InputError, match=r"has no videos\.txt"):
        read_dataset(tmp_path)


def test_masks_and_tracks_that_are_not_listed_may_be_absent(tmp_path: Path) -> None:
    write(tmp_path / "videos" / "dog.mp4", "no video")
    write(tmp_path / "videos.txt", "videos/dog.mp4")
    (sequence,) = read_dataset(tmp_path)
    assert (sequence.masks, sequence.tracks, sequence.caption, sequence.prompts) == ({}, None, None, ())


@pytest.mark.parametrize("name", ["videos.txt", "masks.txt", "trajectories.txt"])
@pytest.mark.parametrize("line", ["../../secret", "/etc/hostname", "videos/../../x.mp4"])
def test_an_index_file_cannot_climb_out_of_its_folder(tmp_path: Path, name: str, line: str) -> None:
    make_clip(tmp_path, "dog")
    write(tmp_path / name, line)
    with pytest.raises(InputError, match=rf"{name}.*expected a path inside"):
        read_dataset(tmp_path)


def test_an_index_file_that_names_a_missing_file_is_refused(tmp_path: Path) -> None:
    make_clip(tmp_path, "dog")
    write(tmp_path / "videos.txt", "videos/unicorn.mp4")
    with pytest.raises(InputError, match=r"videos\.txt names 'videos/unicorn\.mp4', but there is no"):
        read_dataset(tmp_path)


@pytest.mark.parametrize("name", ["masks.txt", "trajectories.txt", "prompts.txt"])
def test_files_that_go_together_must_have_as_many_lines(tmp_path: Path, name: str) -> None:
    make_clip(tmp_path, "dog", "cat")
    write(tmp_path / name, (tmp_path / name).read_text().splitlines()[0])
    with pytest.raises(InputError, match=rf"{name} has 1 lines for 2 videos"):
        read_dataset(tmp_path)


def test_evaluation_prompts_that_cannot_be_shared_out_are_refused(tmp_path: Path) -> None:
    make_clip(tmp_path, "dog", "cat")
    write(tmp_path / "eval_prompts.txt", "a\nb\nc")
    with pytest.raises(InputError, match="3 prompts for 2 videos"):
        read_dataset(tmp_path)


def test_two_clips_of_one_name_are_refused(tmp_path: Path) -> None:
    make_clip(tmp_path / "one", "dog")
    make_clip(tmp_path / "two", "dog")
    with pytest.raises(InputError, match="two clips named 'dog'"):
        read_dataset(tmp_path)


def save(path: Path, values: object) -> Path:
    torch.save(values, path)
    return path


def test_trajectories_become_pixels_and_start_at_frame_1(tmp_path: Path) -> None:
    values = torch.rand(4, 3, 3)
    values[..., 2] = torch.tensor([[0, 1, 0], [1, 1, 1], [1, 0, 1], [0, 0, 0]])
    tracks = mtbench.load_trajectories(save(tmp_path / "dog.pth", values), width=720, height=480)
    assert tracks.points.dtype == tracks.queries.dtype == np.float32
    expected = values[..., :2].numpy().transpose(1, 0, 2) * [720, 480]
    np.testing.assert_allclose(tracks.points, expected, rtol=1e-6)
    np.testing.assert_array_equal(tracks.visible, values[..., 2].numpy().T > 0.5)
    np.testing.assert_array_equal(tracks.queries[:, 0], 1.0)
    np.testing.assert_array_equal(tracks.queries[:, 1:], tracks.points[:, 1])


def test_positions_outside_the_picture_are_kept(tmp_path: Path) -> None:
    path = save(tmp_path / "dog.pth", torch.tensor([[[-0.5, 1.5, 0.0]]] * 2))
    np.testing.assert_allclose(mtbench.load_trajectories(path, 100, 10).points[0, 0], [-50, 15])


@pytest.mark.parametrize("shape", [(4, 3, 2), (4, 3), (1, 3, 3), (4, 0, 3)])
def test_trajectories_of_another_shape_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(ItemError, match=r"dog\.pth has shape \[.*expected \[T, N, 3\]"):
        mtbench.load_trajectories(save(tmp_path / "dog.pth", torch.zeros(shape)), 10, 10)


def test_trajectories_with_nan_are_refused(tmp_path: Path) -> None:
    values = torch.zeros(4, 5, 3)
    values[2, 3, 0] = float("nan")
    values[0, 1, 1] = float("inf")
    with pytest.raises(ItemError, match="NaN or infinite values in 2 of 5 tracks"):
        mtbench.load_trajectories(save(tmp_path / "dog.pth", values), 10, 10)


class WritesAFile:
    """A pickle of this would make a file when loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize(
    "save_with", [torch.save, lambda value, path: path.write_bytes(pickle.dumps(value, protocol=2))]
)
def test_a_trajectory_file_that_would_run_code_is_refused_unrun(tmp_path: Path, save_with) -> None:
    path, trace = tmp_path / "dog.pth", tmp_path / "trace"
    save_with(WritesAFile(trace), path)
    with pytest.raises(ItemError, match=r"dog\.pth is refused.*could run code") as error:
        mtbench.load_trajectories(path, 10, 10)
    assert "\n" not in str(error.value)
    assert not trace.exists(), "code from the file was run"


def test_files_that_hold_no_tensor_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ItemError, match="is missing"):
        mtbench.load_trajectories(tmp_path / "none.pth", 10, 10)
    with pytest.raises(ItemError, match="holds a dict, expected one tensor"):
        mtbench.load_trajectories(save(tmp_path / "dict.pth", {"points": torch.zeros(2)}), 10, 10)
    for name, data in (
        ("empty", b""),
        ("text", b"hello"),
        ("cut", save(tmp_path / "x", torch.zeros(9)).read_bytes()[:99]),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ItemError, match=f"{name} is"):
            mtbench.load_trajectories(tmp_path / name, 10, 10)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is absent")
def test_the_real_mtbench_is_read() -> None:
    sequences = read_dataset(SHARED)
    assert [sequence.name for sequence in sequences] == ["dance-twirl", "snowboard"]
    for sequence in sequences:
        assert sequence.tracks is not None
        assert len(sequence.prompts) == 5
        assert all(prompt == prompt.strip() for prompt in (sequence.caption or " ", *sequence.prompts))
        tracks = mtbench.load_trajectories(sequence.tracks, 720, 480)
        assert tracks.points.shape == (100, 49, 2)
        assert tracks.visible[:, 1].all(), "the published tracks start at frame 1, where every point is visible"
        assert not tracks.visible[:, 0].all()
        on_original = tracks.queries[:, 1:] / [720, 480] * [1920, 1088]
        np.testing.assert_allclose(on_original, on_original.round(), atol=0.01)
