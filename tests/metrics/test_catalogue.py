from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from benchmark.errors import InputError
from benchmark.registry import load
from metrics.catalogue import METRICS, MetricInfo, metric_named
from metrics.compensated import Layers
from metrics.result import Score

FEATURES = torch.tensor([[1.0, 0.2], [0.8, 0.1], [0.3, 0.9]])
TRACKS = torch.tensor([[[0.1, 0.1], [0.2, 0.1], [0.3, 0.3]], [[0.5, 0.5], [0.6, 0.4], [0.6, 0.2]]])
BY_NAME = pytest.mark.parametrize("info", METRICS.values(), ids=METRICS)


FRAMES = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), dtype=np.uint8)


def layers() -> Layers:
    """Two tracks on an object and a grid behind it that rests."""
    rest = torch.cartesian_prod(torch.linspace(0, 1, 4), torch.linspace(0, 1, 4))[:, None].expand(-1, 3, -1)
    return Layers(TRACKS, torch.ones(2, 3, dtype=torch.bool), rest, torch.ones(16, 3, dtype=torch.bool))


def computed(info: MetricInfo) -> Score:
    inputs = {
        "tracks": (TRACKS, TRACKS + 0.01),
        "layers": (layers(), layers()),
        "text": (FEATURES, FEATURES[0]),
        "frames": (FEATURES,),
        "aesthetics": (FEATURES, torch.tensor([[3.0, 4.0]]), torch.tensor([1.0])),
        "midpoints": (FRAMES, lambda before, after: (before + after) / 2),
    }
    return load(info.function)(*inputs[info.needs])


@BY_NAME
def test_every_metric_has_a_function_or_is_a_part_of_one_that_has(info: MetricInfo) -> None:
    assert bool(info.function) != bool(info.part_of)
    whole = metric_named(info.part_of or info.name)
    score = computed(whole)
    value = score.detail[info.name] if info.part_of else score.value
    assert value is not None
    assert math.isfinite(value)
    assert info.lowest <= value <= info.highest


@BY_NAME
def test_every_metric_says_what_it_is_and_where_it_is_from(info: MetricInfo) -> None:
    assert info.summary
    assert info.source
    assert info.unit
    assert info.lowest < info.highest


def test_a_distance_is_the_only_kind_of_metric_whose_lower_value_is_better() -> None:
    assert [name for name, info in METRICS.items() if info.direction == "lower"] == ["frechet_mean"]


def test_a_misspelt_metric_gets_the_nearest_names() -> None:
    with pytest.raises(InputError, match="did you mean hybrid_mf"):
        metric_named("hybird_mf")
