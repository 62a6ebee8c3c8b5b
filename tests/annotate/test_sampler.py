from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from annotate.sampler import EmptyMask, neighbour_density, sample_queries

VARIANTS = pytest.mark.parametrize("variant", ["v1", "det-official"])


def block_with_whisker() -> np.ndarray:
    """A 60 x 60 block in a 480-line frame with a line of one pixel, 30 long, to its right."""
    mask = np.zeros((480, 200), np.uint8)
    mask[200:260, 40:100] = 1
    mask[230, 100:130] = 1
    return mask


def brute_density(mask: np.ndarray, radius: float) -> np.ndarray:
    pixels = np.argwhere(mask)
    squared = np.square(pixels[:, None] - pixels).sum(-1)
    density = np.zeros(mask.shape, np.int64)
    density[tuple(pixels.T)] = (squared < radius**2).sum(1)
    return density


masks = arrays(np.uint8, st.tuples(st.integers(1, 24), st.integers(1, 24)), elements=st.integers(0, 2))


@given(mask=masks, radius=st.sampled_from([0.5, 1, 2.5, 5, 11.25]))
def test_densities_are_the_counts_of_a_brute_search(mask: np.ndarray, radius: float) -> None:
    np.testing.assert_array_equal(neighbour_density(mask, radius), brute_density(mask, radius))


def test_a_disc_of_radius_five_holds_69_pixels_and_a_whisker_nine() -> None:
    density = neighbour_density(block_with_whisker(), 5)
    assert density[230, 60] == 69
    assert density[230, 120] == 9
    assert density[230, 129] == 5


@given(mask=masks.filter(np.any), count=st.integers(1, 30), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_points_are_distinct_foreground_pixels_in_xy_order(mask: np.ndarray, count: int, seed: int) -> None:
    sampled = sample_queries(mask, count, seed=seed, frame=3)
    x, y = sampled.points.astype(int).T
    assert mask[y, x].all(), "a point lies on the background"
    assert len(set(zip(x, y, strict=True))) == len(x) == min(count, np.count_nonzero(mask))
    assert (sampled.queries[:, 0] == 3).all()
    assert sampled.queries.dtype == np.float32


@VARIANTS
def test_the_seed_alone_decides_the_points(variant: str) -> None:
    first, again, other = (
        sample_queries(block_with_whisker(), 20, seed=seed, variant=variant).points  # pyright: ignore[reportArgumentType]
        for seed in (7, 7, 8)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@VARIANTS
def test_global_random_state_is_left_alone(variant: str) -> None:
    import torch

    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # pyright: ignore
    sample_queries(block_with_whisker(), 20, seed=7, variant=variant)  # pyright: ignore[reportArgumentType]
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])  # pyright: ignore


def test_a_whisker_is_drawn_as_often_as_its_weight_says() -> None:
    mask = block_with_whisker()
    weights = np.divide(1.0, neighbour_density(mask, 5), where=mask > 0, out=np.zeros(mask.shape))
    expected = weights[230, 100:130].sum() / weights.sum()
    drawn = np.concatenate([sample_queries(mask, 10, seed=seed).points for seed in range(300)])
    share = np.mean(drawn[:, 0] >= 100)
    assert share == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / len(drawn)))
    assert expected > 3 * 30 / np.count_nonzero(mask), "the weights favour the whisker over uniform sampling"


def test_the_radius_grows_with_the_frame_so_that_resolution_does_not_matter() -> None:
    small = block_with_whisker()
    large = np.kron(small, np.ones((2, 2), np.uint8))

    def whisker_share(mask: np.ndarray, edge: int) -> float:
        return float(np.mean([np.mean(sample_queries(mask, 10, seed=s).points[:, 0] >= edge) for s in range(300)]))

    assert whisker_share(small, 100) == pytest.approx(whisker_share(large, 200), abs=0.025)


@VARIANTS
def test_a_mask_with_too_few_pixels_gives_them_all_and_says_so(variant: str) -> None:
    mask = np.zeros((48, 64), np.uint8)
    mask[10, 20:23] = 1
    sampled = sample_queries(mask, 5, seed=0, variant=variant)  # pyright: ignore[reportArgumentType]
    assert sampled.flags == ("few_points",)
    assert sampled.points.tolist() == [[20, 10], [21, 10], [22, 10]]


def test_a_mask_with_enough_pixels_carries_no_flag() -> None:
    assert sample_queries(block_with_whisker(), 100, seed=0).flags == ()


@VARIANTS
def test_an_empty_mask_is_an_error_that_names_the_condition(variant: str) -> None:
    with pytest.raises(EmptyMask, match="empty_mask") as caught:
        sample_queries(np.zeros((48, 64), np.uint8), 5, seed=0, variant=variant)  # pyright: ignore[reportArgumentType]
    assert caught.value.code == "empty_mask"


def test_more_pixels_than_the_limit_are_thinned_and_still_sampled() -> None:
    points = sample_queries(np.ones((600, 500), np.uint8), 100, seed=0).points
    assert len(np.unique(points, axis=0)) == 100
    assert (points.max(0) < (500, 600)).all()


def test_the_official_variant_may_give_a_point_twice() -> None:
    mask = np.zeros((480, 720), np.uint8)
    mask[:70, :70] = 1
    duplicates = [
        100 - len(np.unique(sample_queries(mask, 100, seed=seed, variant="det-official").points, axis=0))
        for seed in range(20)
    ]
    assert sum(duplicates) > 0, "4096 draws with replacement repeat pixels"
