"""What a metric is called: its name and every parameter that changes its value, printable and parseable."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmark.errors import InputError

Parameter = float | int | str
_FORM = re.compile(r"(?P<name>[a-z][a-z0-9_]*)(?:\((?P<parameters>[^()]*)\))?")


@dataclass(frozen=True)
class MetricId:
    """A metric and its parameters; two scores with equal ids are comparable, others never share a column.

    >>> str(MetricId.parse("hybrid_mf( queries=annotated, alpha=0.50 )"))
    'hybrid_mf(alpha=0.5,queries=annotated)'
    """

    name: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    def __str__(self) -> str:
        inside = ",".join(f"{key}={_spelled(value)}" for key, value in sorted(self.parameters.items()))
        return f"{self.name}({inside})" if inside else self.name

    def __hash__(self) -> int:
        return hash(str(self))

    @classmethod
    def parse(cls, text: str) -> MetricId:
        """Read what `str` prints; spaces do not matter.

        Raises:
            InputError: the text is not of the form `name(key=value,…)`, or gives a parameter twice.
        """
        match = _FORM.fullmatch(text.replace(" ", ""))
        pairs = [pair.partition("=") for pair in (match["parameters"] or "").split(",") if pair] if match else []
        keys = [key for key, _, _ in pairs]
        if match is None or not all(key and value for key, _, value in pairs) or len(set(keys)) != len(keys):
            raise InputError(f"metric {text!r} cannot be read, expected name(key=value,…) with each key once")
        return cls(match["name"], {key: _number_or_word(value) for key, _, value in pairs})


def _spelled(value: Parameter) -> str:
    """Spell equal numbers alike: 1.0 is 1."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _number_or_word(text: str) -> Parameter:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
