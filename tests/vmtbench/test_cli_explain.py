"""`vmtbench explain`, and the verbose lists: what metrics and protocols are, in words and as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from metrics.catalogue import METRICS
from metrics.explain import explanation_of
from metrics.perturbations import PERTURBATIONS
from metrics.protocol import Protocol, protocol_names, read_protocol

Cli = Callable[..., Any]


def _json(cli: Cli, *arguments: object) -> dict[str, Any]:
    result = cli(*arguments, "--json")
    result.succeeds()
    return json.loads(result.out)


def _words(text: str) -> str:
    return " ".join(text.split())


def test_a_metric_is_explained_from_what_it_measures_to_what_to_prefer(cli: Cli):
    result = cli("explain", "dmt_mf")
    result.succeeds()
    text, out = explanation_of("dmt_mf"), _words(result.out)
    for part in (text.measures, text.formula, text.prefer, METRICS["dmt_mf"].source, "-2 … 1, higher is better"):
        assert _words(part) in out, part
    assert "Identical tracks score 0.9" in out
    for sentence in text.defects:
        assert sentence in out


def test_beside_a_motion_metric_stand_those_it_is_confused_with(cli: Cli):
    table = _json(cli, "explain", "dmt_mf")["table"]
    assert table[0]["metric"] == "dmt_mf"
    assert {row["metric"] for row in table} == {"dmt_mf", "mf_one_way", "mf_bidirectional", "ditflow_mf"}


def test_a_metric_of_features_is_explained_without_a_table(cli: Cli):
    assert _json(cli, "explain", "edit_fidelity")["table"] == []
    out = cli("explain", "edit_fidelity").out
    assert "prefer" in out
    assert "unrelated" not in out


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_is_explained_as_json_without_infinity(cli: Cli, metric: str):
    facts = _json(cli, "explain", metric)
    assert (facts["metric"], facts["direction"]) == (metric, METRICS[metric].direction)
    assert facts["defects"]
    assert (facts["range"][1] is None) == (METRICS[metric].highest == float("inf"))


def test_without_a_metric_the_whole_table_is_shown(cli: Cli):
    facts = _json(cli, "explain")
    assert {row["metric"] for row in facts["table"]} == {
        name for name, info in METRICS.items() if info.needs in ("tracks", "layers")
    }
    for row in facts["table"]:
        assert list(row["values"]) == list(PERTURBATIONS)
        assert set(row["reasons"]) == {name for name, value in row["values"].items() if value is None}
    result = cli("explain")
    result.succeeds()
    for name, what in PERTURBATIONS.items():
        assert name in result.out
        assert what in result.out
    assert "measures" not in result.out


def test_the_table_can_be_made_of_a_benchmarks_own_tracks(cli: Cli, made: Path):
    files = [made / "tracks" / f"{clip}.npz" for clip in ("sliding-tiles", "tumbling-dumbbell")]
    own = _json(cli, "explain", "hybrid_mf", "--tracks", *files, "--size", "96x64")
    assert str(files[0]) in own["reference"]
    values, others = (facts["table"][0]["values"] for facts in (own, _json(cli, "explain", "hybrid_mf")))
    assert values["same"] == others["same"] == 1
    assert values["reversed"] != others["reversed"]


def test_an_absent_value_is_explained_below_the_table(cli: Cli):
    out = cli("explain", "dmt_mf").out
    assert re.search(r"^–\s+halved, dmt_mf \(dmt\).*: length_mismatch: 49 reference and 25", out, re.MULTILINE)
    assert re.search(r"^–\s+static, dmt_mf \(dmt\), .*ditflow_mf \(ditflow\): official_nan: ", out, re.MULTILINE)


def test_the_seed_changes_what_is_drawn_and_nothing_else(cli: Cli):
    first, again, other = (
        _json(cli, "explain", "hybrid_mf", "--seed", seed)["table"][0]["values"] for seed in (0, 0, 1)
    )
    assert first == again
    assert {name for name in first if first[name] != other[name]} == {"shuffled", "noise"}


def test_what_cannot_be_explained_is_refused_in_one_line(cli: Cli, made: Path, tmp_path: Path):
    cli("explain", "hybridmf").refuses("unknown metric 'hybridmf'", "hybrid_mf")
    file = made / "tracks" / "sliding-tiles.npz"
    cli("explain", "--tracks", file, file).refuses("size")
    cli("explain", "--tracks", file, file, "--size", "96").refuses("'96'", "WIDTHxHEIGHT")
    cli("explain", "--tracks", file, tmp_path / "none.npz", "--size", "96x64").stops("none.npz", "missing")


def test_the_verbose_list_of_protocols_has_every_setting_and_every_metric_of_each(cli: Cli):
    rows = {row["setting"]: row for row in _json(cli, "list", "protocols", "-v")["protocols"]}
    assert set(Protocol.model_fields) - {"name", "metrics"} <= set(rows)
    for name in protocol_names():
        protocol = read_protocol(name)
        assert rows["hash"][name] == protocol.hash
        assert rows["alignment"][name] == protocol.alignment
        cells = [rows[aspect][name] for aspect in ("motion", "text", "temporal", "VBench")]
        listed = [line for cell in cells for line in cell.splitlines() if line and not line.startswith(" ")]
        assert sorted(listed) == sorted(metric.name for metric in protocol.metric_ids), name
    assert "alpha=0.5" in rows["motion"]["mtbench"]
    assert (rows["size"]["fastvmt"], rows["size"]["mtbench"]) == ("832x480", "–")


def test_the_printed_settings_break_no_word(cli: Cli):
    out = cli("list", "protocols", "--verbose").out
    for name in protocol_names():
        for metric in read_protocol(name).metric_ids:
            assert metric.name in out
            for key, value in metric.parameters.items():
                assert f"{key}={value}" in out


def test_the_verbose_list_of_metrics_has_formula_source_and_range(cli: Cli):
    rows = _json(cli, "list", "metrics", "-v")["metrics"]
    assert [row["metric"] for row in rows] == list(METRICS)
    for row in rows:
        assert row["formula"] == explanation_of(row["metric"]).formula
        assert row["source"] == METRICS[row["metric"]].source
    assert rows[0]["range"] == "-0.5 … 1"
