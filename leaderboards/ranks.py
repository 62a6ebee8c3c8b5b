"""Average ranks of a user study, and whether complete rankings can have given them (metrics, section 9)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from benchmark.errors import InputError

SUM_TOLERANCE = 1e-6


@dataclass(frozen=True)
class AverageRanks:
    """What a study's rankings say of K methods.

    Attributes:
        average: float64 [K], lower is better; NaN for a method that nobody ranked.
        sum_is_valid: whether the averages sum to K(K+1)/2, as those of complete rankings do.
        kendalls_w: how far rankings agree, from 0 (not at all) to 1 (all the same), over the complete rankings with
            their ties corrected for; None with fewer than two, or when every one ties all methods.
        n_rankings: rankings with at least one rank.
        n_incomplete: rankings that lack a rank of some method.
    """

    average: np.ndarray
    sum_is_valid: bool
    kendalls_w: float | None
    n_rankings: int
    n_incomplete: int


def average_ranks(ranks: ArrayLike) -> AverageRanks:
    """Average the rank of each method over raters and items.

    In a complete ranking, tied methods take the mean of the places that they share, however the tie was written
    (1, 2, 2, 3 and 1, 2, 2, 4 are both 1, 2.5, 2.5, 4). An incomplete ranking is kept as given, because the places of
    the absent methods are unknown.

    Args:
        ranks: [..., K], for instance [raters, items, K]; 1 is best, NaN where a method was not ranked.

    Raises:
        InputError: `ranks` has no method, nothing is ranked, or a rank is infinite or below 1.
    """
    table = _checked(np.asarray(ranks, dtype=np.float64))
    complete = ~np.isnan(table).any(axis=1)
    table[complete] = stats.rankdata(table[complete], axis=1)
    ranked = ~np.isnan(table)
    counts = ranked.sum(axis=0)
    average = np.divide(np.nansum(table, axis=0), counts, out=np.full(counts.shape, np.nan), where=counts > 0)
    return AverageRanks(
        average=average,
        sum_is_valid=has_valid_sum(average),
        kendalls_w=_kendalls_w(table[complete]),
        n_rankings=len(table),
        n_incomplete=int((~complete).sum()),
    )


def has_valid_sum(average: ArrayLike, *, tolerance: float = SUM_TOLERANCE) -> bool:
    """Say whether average ranks sum to K(K+1)/2, as those of complete rankings of K methods must.

    Args:
        average: [K]; for published averages, `tolerance` must allow for their rounding.
        tolerance: largest absolute difference of the sums.
    """
    values = np.asarray(average, dtype=np.float64)
    return bool(abs(values.sum() - values.size * (values.size + 1) / 2) <= tolerance)


def _checked(ranks: np.ndarray) -> np.ndarray:
    """Return a copy as one ranking per row, float64 [n, K], without the rankings that rank nothing."""
    if ranks.ndim == 0 or ranks.shape[-1] == 0:
        raise InputError(f"ranks of shape {ranks.shape}, expected [..., methods]; put the methods last")
    table = ranks.reshape(-1, ranks.shape[-1])
    table = table[~np.isnan(table).all(axis=1)]
    if not table.size:
        raise InputError("the ranks hold no rank, expected at least one ranking; look at the study's answers")
    if np.isinf(table).any() or np.nanmin(table) < 1:
        wrong = table[np.isinf(table) | (table < 1)][0]
        raise InputError(f"found rank {wrong}, expected places from 1, the best; correct the study's answers")
    return table


def _kendalls_w(places: np.ndarray) -> float | None:
    """Return the share of the places' variance that the averages keep: Kendall's W with the correction for ties."""
    middle = (places.shape[1] + 1) / 2
    if len(places) < 2 or (places == middle).all():
        return None
    return float(((places.mean(axis=0) - middle) ** 2).sum() / ((places - middle) ** 2).sum(axis=1).mean())
