from __future__ import annotations

import pickle

import numpy as np
import pytest

from benchmark.errors import InputError, ItemError
from benchmark.manifest import MaskFacts
from benchmark.masks import read_mask
from benchmark.store import Benchmark


def test_a_source_reads_its_frames_masks_and_tracks(bench: Benchmark) -> None:
    source = bench.source(bench.by_id["sliding-tiles"])
    assert source.frames.shape == (5, 64, 96, 3)
    mask = source.mask(4)
    assert mask is not None
    assert set(np.unique(read_mask(mask))) <= {0, 1, 2, 3, 4, 5}
    tracks = source.tracks
    assert tracks is not None
    assert tracks.points.shape[1:] == (5, 2)


@pytest.mark.parametrize(("soft_folder", "expected"), [("soft_masks/own", "soft_masks/own"), (None, "masks/own")])
def test_the_soft_mask_is_the_grey_one_where_there_is_one(
    bench: Benchmark, soft_folder: str | None, expected: str
) -> None:
    facts = MaskFacts(folder="masks/own", soft_folder=soft_folder, frames=(0,), annotator="test")
    source = bench.source(bench.clips[0].model_copy(update={"masks": facts}))
    assert source.mask(0) == bench.root / "masks/own/00000.png"
    assert source.mask(0, soft=True) == bench.root / expected / "00000.png"
    assert source.mask(1, soft=True) is None


def test_a_source_without_annotations_has_none(bench: Benchmark) -> None:
    source = bench.source(bench.by_id["tumbling-dumbbell"])
    assert (source.mask(0), source.tracks) == (None, None)
    assert bench.source(bench.clips[0]).mask(99) is None


def test_a_source_stays_small_after_it_was_read(bench: Benchmark) -> None:
    source = bench.source(bench.clips[0])
    size = len(pickle.dumps(source))
    assert source.frames.nbytes > 50_000
    assert source.tracks is not None
    assert len(pickle.dumps(source)) == size, "a run over many clips would hold all their frames"


def test_a_link_out_of_the_benchmark_is_refused(own_bench: Benchmark) -> None:
    source = own_bench.source(own_bench.clips[0])
    source.video.rename(own_bench.root.parent / "outside.mp4")
    source.video.symlink_to(own_bench.root.parent / "outside.mp4")
    with pytest.raises(InputError, match="leads out of its folder"):
        _ = source.frames


def test_a_missing_tracks_file_is_an_item_error(own_bench: Benchmark) -> None:
    source = own_bench.source(own_bench.clips[0])
    (own_bench.root / "tracks" / f"{source.clip.id}.npz").unlink()
    with pytest.raises(ItemError, match="is missing; run vmtbench build again"):
        _ = source.tracks
