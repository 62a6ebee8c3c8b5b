"""The score that every metric returns: a finite number, or the reason why there is none."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from typing import Literal

Status = Literal["ok", "undefined", "unavailable"]

_REASON = re.compile(r"[a-z0-9_]+: \S.*")


@dataclass(frozen=True)
class Score:
    """One metric's answer about one generated video (specification §14).

    `reason` is empty for a score that is ok, and otherwise a machine code, a colon and a clause that says what to do.
    `n_total` counts the terms (tracks, frame pairs or frames) that the metric averages, `n_used` those that entered.
    `detail` holds further quantities reported beside the value.

    Raises:
        ValueError: a number is NaN or infinite, or value, status, reason and counts contradict each other.
    """

    value: float | None
    status: Status
    reason: str
    n_used: int
    n_total: int
    flags: tuple[str, ...] = ()
    detail: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, number in {"value": self.value, **self.detail}.items():
            if number is not None and not math.isfinite(number):
                raise ValueError(f"score: {name} is {number}; a score holds finite numbers only, so call it undefined")
        if (self.status == "ok") != (self.value is not None):
            raise ValueError(f"score: status {self.status!r} with value {self.value}; a value and 'ok' go together")
        if self.status == "ok" and self.reason:
            raise ValueError(f"score: an 'ok' score has no reason, found {self.reason!r}")
        if self.status != "ok" and not _REASON.fullmatch(self.reason):
            raise ValueError(f"score: reason {self.reason!r} is not 'machine_code: what to do'")
        if not 0 <= self.n_used <= self.n_total:
            raise ValueError(f"score: n_used {self.n_used} is not between 0 and n_total {self.n_total}")

    @classmethod
    def ok(
        cls,
        value: float,
        *,
        n_used: int,
        n_total: int | None = None,
        flags: tuple[str, ...] = (),
        detail: dict[str, float] | None = None,
    ) -> Score:
        """Make a score from a value; without `n_total` every term was used."""
        total = n_used if n_total is None else n_total
        return cls(float(value), "ok", "", n_used, total, flags, dict(detail or {}))

    @classmethod
    def undefined(cls, code: str, clause: str, *, n_total: int = 0, flags: tuple[str, ...] = ()) -> Score:
        """Report that no value exists for this input; `clause` says what was found and what to do."""
        return cls(None, "undefined", f"{code}: {clause}", 0, n_total, flags)

    @classmethod
    def unavailable(cls, code: str, clause: str, *, n_total: int = 0, flags: tuple[str, ...] = ()) -> Score:
        """Report that a value exists but not on this machine; `clause` ends with the command that gets it."""
        return cls(None, "unavailable", f"{code}: {clause}", 0, n_total, flags)

    @property
    def code(self) -> str:
        """The machine code of the reason, empty for a score that is ok."""
        return self.reason.partition(":")[0]

    def with_flags(self, *flags: str) -> Score:
        """Add flags to the score, each kept once and in order of arrival."""
        return replace(self, flags=tuple(dict.fromkeys(self.flags + flags)))
