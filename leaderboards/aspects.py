"""What each metric looks at, so that tables and figures can put like beside like."""

from __future__ import annotations

ASPECTS: dict[str, tuple[str, ...]] = {
    "motion": (
        "hybrid_mf", "det_combined", "det_cosine", "det_meanpair", "mf_one_way", "mf_bidirectional", "dmt_mf",
        "ditflow_mf", "mf_compensated", "mf_one_to_one", "exp_frechet_mean", "cos_mean", "frechet_mean",
    ),
    "edit": ("edit_fidelity", "text_similarity"),
    "temporal": (
        "tc_dino_consecutive", "tc_det_official", "tc_clip_consecutive", "subject_consistency",
        "background_consistency", "motion_smoothness",
    ),
}  # fmt: skip
"""Metric names per aspect, a protocol's main figure before its extra ones."""

CONTROLS = ("copy", "static", "reverse", "recolour", "jitter", "noise")
"""Methods that need no model and show a metric's best and worst; printed apart, in this order."""

_RANK = {name: rank for rank, name in enumerate(name for names in ASPECTS.values() for name in names)}


def base_name(identifier: str) -> str:
    """Return the name before the parameters: `hybrid_mf` of `hybrid_mf(alpha=0.5)`."""
    return identifier.partition("(")[0]


def metric_order(metric: str) -> tuple[int, str]:
    """Return the sort key of a metric id: motion, edit, temporal, then the rest; ties by the id."""
    return _RANK.get(base_name(metric), len(_RANK)), metric


def method_order(method: str) -> tuple[int, str]:
    """Return the sort key of a method: methods by name, then the controls in their own order."""
    return (1 + CONTROLS.index(base_name(method)) if is_control(method) else 0), method


def is_control(method: str) -> bool:
    """Say whether the method is one of the scale's ends rather than a competitor."""
    return base_name(method) in CONTROLS
