from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from annotate.settings import CutSettings, FollowSettings, SourceSettings
from annotate.stages import cut_stage, follow_stage, select_stage
from benchmark.engine import WorkOptions
from benchmark.readers import read_dataset
from benchmark.selection import Criteria
from benchmark.sequence import Sequence

OPTIONS = WorkOptions()
FOLLOW = FollowSettings(points=10)


@pytest.fixture
def sequences(davis: Path) -> dict[str, Sequence]:
    return {sequence.name: sequence for sequence in read_dataset(davis)}


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    return tmp_path / "bench"


def test_without_criteria_all_sequences_are_taken_and_nothing_is_read(
    sequences: dict[str, Sequence], bench: Path
) -> None:
    chosen, rejected, report = select_stage(sequences, bench, SourceSettings(), OPTIONS)
    assert (list(chosen), rejected, report.done) == (["bear", "dog", "swan"], [], [])
    assert not bench.exists()


def test_a_limit_takes_the_first_by_name(sequences: dict[str, Sequence], bench: Path) -> None:
    assert list(select_stage(sequences, bench, SourceSettings(limit=2), OPTIONS)[0]) == ["bear", "dog"]


def test_a_rejected_sequence_is_listed_with_its_reason_and_leaves_its_place_to_another(
    sequences: dict[str, Sequence], bench: Path
) -> None:
    sequences["bear"] = replace(sequences["bear"], images=sequences["bear"].images[:5])
    settings = SourceSettings(select=Criteria(min_frames=6), limit=2)
    chosen, rejected, _ = select_stage(sequences, bench, settings, OPTIONS)
    assert list(chosen) == ["dog", "swan"]
    assert [(entry.sequence, "5 frames" in entry.reason) for entry in rejected] == [("bear", True)]


def test_no_more_sequences_are_judged_than_the_limit_needs(sequences: dict[str, Sequence], bench: Path) -> None:
    settings = SourceSettings(select=Criteria(min_frames=2), limit=1)
    report = select_stage(sequences, bench, settings, OPTIONS)[2]
    assert report.done == ["select bear"]


def test_a_sequence_that_cannot_be_judged_fails_and_the_others_go_on(
    sequences: dict[str, Sequence], bench: Path
) -> None:
    sequences["dog"].masks[0].write_text("no picture")
    chosen, rejected, report = select_stage(sequences, bench, SourceSettings(select=Criteria(min_frames=2)), OPTIONS)
    assert (list(chosen), rejected) == (["bear", "swan"], [])
    assert list(report.failed) == ["select dog"]


def test_a_clip_that_was_not_cut_is_not_followed(sequences: dict[str, Sequence], bench: Path) -> None:
    sequences["dog"].images[3].write_text("no picture")
    made, cut_report = cut_stage(sequences, bench, CutSettings(), OPTIONS)
    followed, follow_report = follow_stage(sequences, made, bench, FOLLOW, 0, OPTIONS)
    assert list(cut_report.failed) == ["cut dog"]
    assert list(made) == list(followed) == ["bear", "swan"]
    assert follow_report.done == ["tracks bear", "tracks swan"]


@pytest.mark.parametrize("kind", ["image", "mask"])
def test_a_source_file_that_changed_is_cut_and_followed_again_and_no_other(
    sequences: dict[str, Sequence], bench: Path, kind: str
) -> None:
    made, _ = cut_stage(sequences, bench, CutSettings(), OPTIONS)
    follow_stage(sequences, made, bench, FOLLOW, 0, OPTIONS)
    files = {
        "image": (sequences["dog"].images, sequences["bear"].images),
        "mask": (sequences["dog"].masks, sequences["bear"].masks),
    }
    files[kind][0][2].write_bytes(files[kind][1][1].read_bytes())
    made, cut_report = cut_stage(sequences, bench, CutSettings(), OPTIONS)
    _, follow_report = follow_stage(sequences, made, bench, FOLLOW, 0, OPTIONS)
    assert cut_report.done == ["cut dog"]
    assert follow_report.done == ["tracks dog"]


def test_another_seed_follows_again_and_cuts_nothing(sequences: dict[str, Sequence], bench: Path) -> None:
    made, _ = cut_stage(sequences, bench, CutSettings(), OPTIONS)
    follow_stage(sequences, made, bench, FOLLOW, 0, OPTIONS)
    made, cut_report = cut_stage(sequences, bench, CutSettings(), OPTIONS)
    assert cut_report.done == []
    assert len(follow_stage(sequences, made, bench, FOLLOW, 1, OPTIONS)[1].done) == 3


def test_a_video_that_was_deleted_is_made_again(sequences: dict[str, Sequence], bench: Path) -> None:
    cut_stage(sequences, bench, CutSettings(), OPTIONS)
    video = bench / "videos" / "dog.mp4"
    before = video.read_bytes()
    video.unlink()
    assert cut_stage(sequences, bench, CutSettings(), OPTIONS)[1].done == ["cut dog"]
    assert video.read_bytes() == before
