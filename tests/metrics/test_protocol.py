from __future__ import annotations

import inspect
import pickle
import re

import pytest

from annotate.trackers import TRACKERS
from benchmark.errors import InputError
from benchmark.registry import load
from benchmark.store import parse_record
from metrics.backbones import BACKBONES
from metrics.catalogue import metric_named
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
    assert protocol.tracker in TRACKERS
    assert protocol.points == (100 if "queries=annotated" in "".join(protocol.metrics) else None)


PARAMETERS = {
    "tracks": {"queries"},
    "layers": {"queries", "background"},
    "text": {"backbone"},
    "frames": {"backbone"},
    "aesthetics": {"backbone", "head"},
    "midpoints": {"backbone"},
}
"""What a metric of each need must be told."""


@pytest.mark.parametrize("name", protocol_names())
def test_every_metric_of_a_protocol_is_told_all_it_needs_and_nothing_else(name: str) -> None:
    for metric in read_protocol(name).metric_ids:
        info = metric_named(metric.name)
        needed, given = PARAMETERS[info.needs], dict(metric.parameters)
        assert needed <= given.keys(), metric
        assert {given[key] for key in ("backbone", "head") if key in given} <= BACKBONES.keys()
        if info.needs == "frames":
            assert ("seed" in given) == (given.get("feature") == "pooler"), metric
            needed = needed | {"feature", "seed"}
        if "queries" in given and given["queries"] != "annotated":
            assert re.fullmatch(r"(box-)?grid-\d+", str(given["queries"])), metric
        own = inspect.signature(load(metric_named(info.part_of or info.name).function)).parameters
        assert given.keys() - needed <= own.keys() - {"alignment", "zero_steps"}, metric


@pytest.mark.parametrize("name", protocol_names())
def test_every_metric_of_a_protocol_takes_the_rules_that_its_function_has(name: str) -> None:
    for metric in read_protocol(name).metric_ids:
        info = metric_named(metric.name)
        if info.function:
            own = inspect.signature(load(info.function)).parameters.keys()
            assert set(info.rules) == {"alignment", "zero_steps"} & own, metric


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mtbench", ("norm", "linspace-exact", "match", "inclusive", "half", None, None)),
        ("mtbench-official", ("norm", "linspace-trunc", "undefined", "exclusive", "non-zero", None, None)),
        ("dmt", ("px", "equal", "undefined", "inclusive", "half", None, None)),
        ("ditflow", ("px", "truncate", "undefined", "inclusive", "half", None, None)),
        ("motionbench", ("px", "linspace-exact", "match", "inclusive", "half", 32, (512, 512))),
        ("fastvmt", ("px", "linspace-exact", "match", "inclusive", "half", 32, (480, 832))),
    ],
)
def test_the_rules_are_those_of_the_specifications_table(name: str, expected: tuple[object, ...]) -> None:
    found = read_protocol(name)
    rules = (found.coordinates, found.alignment, found.zero_steps, found.box, found.foreground)
    assert (*rules, found.frames, found.size) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"points": 99},
        {"tracker": "dis"},
        {"metrics": ["hybrid_mf(alpha=0.4,queries=annotated)"]},
        {"source": "elsewhere"},
        {"foreground": "non-zero"},
        {"box": "exclusive"},
        {"frames": 32},
        {"size": [512, 512]},
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
        ({"coordinates": "iso"}, "coordinates"),
        ({"foreground": "soft"}, "foreground"),
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
