"""`vmtbench schema`: the JSON Schema of the records on disk."""

from __future__ import annotations

import json as json_text
from enum import StrEnum
from typing import Annotated

import typer

from vmtbench.options import Json


class RecordName(StrEnum):
    """The records that have a schema."""

    CLIP = "clip"
    BENCHMARK = "benchmark"
    SCORE = "score"


def command(
    record: Annotated[
        RecordName,
        typer.Argument(help="clip: a line of metadata.jsonl; benchmark: benchmark.json; score: a score file."),
    ] = RecordName.CLIP,
    json: Json = False,
) -> None:
    """Print the JSON Schema of a record; the output is JSON with or without --json.

    For example:

        vmtbench schema
        vmtbench schema score
    """
    from benchmark.manifest import BenchmarkInfo, Clip
    from metrics.records import ScoreRecord

    model = {"clip": Clip, "benchmark": BenchmarkInfo, "score": ScoreRecord}[record.value]
    print(json_text.dumps(model.model_json_schema(), indent=1))
