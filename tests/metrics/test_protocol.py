from __future__ import annotations

import pickle

import pytest

from benchmark.errors import InputError
from benchmark.store import parse_record
from benchmark.weights import WEIGHTS
from metrics.protocol import Protocol, protocol_names, read_protocol


@pytest.fixture
def fields() -> dict[str, object]:
    return read_protocol("mtbench").model_dump()


def test_mtbench_is_what_the_specification_says() -> None:
    protocol = read_protocol("mtbench")
    assert (protocol.id, protocol.tracker, protocol.points) == ("mtbench@1", "cotracker3-offline", 100)
    assert (protocol.coordinates, protocol.alignment) == ("norm", "linspace-exact")
    assert protocol.metrics == (
        "hybrid_mf(alpha=0.5,queries=annotated)",
        "frechet_mean(queries=annotated)",
        "exp_frechet_mean(queries=annotated)",
        "cos_mean(queries=annotated)",
        "edit_fidelity(backbone=clip-vit-b-32)",
        "tc_dino_consecutive(backbone=dinov2-base,feature=cls)",
    )


@pytest.mark.parametrize("name", protocol_names())
def test_every_protocol_reads_and_is_named_as_its_file(name: str) -> None:
    protocol = read_protocol(name)
    assert protocol.name == name
    backbones = {
        str(metric.parameters["backbone"]) for metric in protocol.metric_ids if "backbone" in metric.parameters
    }
    assert backbones <= WEIGHTS.keys()


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"points": 99},
        {"tracker": "dis"},
        {"metrics": ["hybrid_mf(alpha=0.4,queries=annotated)"]},
        {"source": "elsewhere"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_setting_makes_another_hash(fields: dict[str, object], change: dict[str, object]) -> None:
    assert parse_record(Protocol, fields | change, "here").hash != read_protocol("mtbench").hash


def test_spelling_makes_no_other_hash(fields: dict[str, object]) -> None:
    fields["metrics"] = [str(metric).replace(",", " , ") for metric in read_protocol("mtbench").metrics]
    assert parse_record(Protocol, fields, "here").hash == read_protocol("mtbench").hash


def test_the_hash_is_the_same_in_a_worker() -> None:
    protocol = read_protocol("mtbench")
    assert protocol.metric_ids
    assert pickle.loads(pickle.dumps(protocol)).hash == protocol.hash


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"metric": []}, "metric"),
        ({"coordinates": "px"}, "coordinates"),
        ({"points": "many"}, "points"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, object], change: dict[str, object], field: str) -> None:
    with pytest.raises(InputError, match=f"here, field '{field}'"):
        parse_record(Protocol, fields | change, "here")


def test_a_protocol_cannot_name_a_metric_that_is_not_there(fields: dict[str, object]) -> None:
    with pytest.raises(InputError, match="did you mean hybrid_mf"):
        parse_record(Protocol, fields | {"metrics": ["hybrid_fm"]}, "here")


def test_a_misspelt_protocol_gets_the_nearest_names() -> None:
    with pytest.raises(InputError, match="did you mean mtbench"):
        read_protocol("mtbnch")
