"""The metrics there are: what each needs, its unit, range, direction and source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmark.registry import unknown

Needs = Literal["tracks", "text", "frames"]


@dataclass(frozen=True)
class MetricInfo:
    """What is known of a metric before it is computed.

    Attributes:
        needs: `tracks` of both videos, frame features and `text` features, or `frames` features alone.
        part_of: the metric in whose computation this quantity appears, when it is not computed by itself.
        function: `module:attribute` of the pure function; empty for a part.
    """

    name: str
    needs: Needs
    unit: str
    direction: Literal["higher", "lower"]
    lowest: float
    highest: float
    summary: str
    source: str
    function: str = ""
    part_of: str = ""


METRICS = {
    info.name: info
    for info in (
        MetricInfo(
            name="hybrid_mf",
            needs="tracks",
            unit="1",
            direction="higher",
            lowest=-0.5,
            highest=1.0,
            summary="index-matched mean of alpha·exp(−discrete Fréchet distance) and (1−alpha)·step cosine",
            source="DeT, motion fidelity",
            function="metrics.motion:hybrid_mf",
        ),
        MetricInfo(
            name="frechet_mean",
            needs="tracks",
            unit="frame",
            direction="lower",
            lowest=0.0,
            highest=float("inf"),
            summary="mean discrete Fréchet distance of index-matched tracks",
            source="DeT, motion fidelity, first term before the exponential",
            part_of="hybrid_mf",
        ),
        MetricInfo(
            name="exp_frechet_mean",
            needs="tracks",
            unit="1",
            direction="higher",
            lowest=0.0,
            highest=1.0,
            summary="mean of exp(−discrete Fréchet distance)",
            source="DeT, motion fidelity, first term",
            part_of="hybrid_mf",
        ),
        MetricInfo(
            name="cos_mean",
            needs="tracks",
            unit="1",
            direction="higher",
            lowest=-1.0,
            highest=1.0,
            summary="mean cosine between the steps of index-matched tracks",
            source="DeT, motion fidelity, second term",
            part_of="hybrid_mf",
        ),
        MetricInfo(
            name="mf_one_way",
            needs="tracks",
            unit="1",
            direction="higher",
            lowest=-1.0,
            highest=1.0,
            summary="each generated track's best mean step cosine over all reference tracks",
            source="Yatim et al. as coded, without the subtraction on the diagonal",
            function="metrics.motion:mf_one_way",
        ),
        MetricInfo(
            name="mf_bidirectional",
            needs="tracks",
            unit="1",
            direction="higher",
            lowest=-1.0,
            highest=1.0,
            summary="best-match step cosine, averaged over both directions",
            source="Yatim et al., intent",
            function="metrics.motion:mf_bidirectional",
        ),
        MetricInfo(
            name="dmt_mf",
            needs="tracks",
            unit="1",
            direction="higher",
            lowest=-2.0,
            highest=1.0,
            summary="best-match step cosine after 1 is taken off the index-matched pairs",
            source="Yatim et al. as coded",
            function="metrics.motion:dmt_mf",
        ),
        MetricInfo(
            name="text_similarity",
            needs="text",
            unit="1",
            direction="higher",
            lowest=-1.0,
            highest=1.0,
            summary="mean cosine between CLIP's frame and prompt embeddings",
            source="DiTFlow, Follow-Your-Motion, FastVMT",
            function="metrics.text:text_similarity",
        ),
        MetricInfo(
            name="edit_fidelity",
            needs="text",
            unit="cosine x100",
            direction="higher",
            lowest=-100.0,
            highest=100.0,
            summary="100 times the mean cosine between CLIP's frame and prompt embeddings",
            source="DeT, edit fidelity",
            function="metrics.text:edit_fidelity",
        ),
        MetricInfo(
            name="tc_dino_consecutive",
            needs="frames",
            unit="1",
            direction="higher",
            lowest=-1.0,
            highest=1.0,
            summary="mean cosine between DINO features of consecutive frames",
            source="DeT paper, temporal consistency",
            function="metrics.temporal:consecutive_cosine",
        ),
        MetricInfo(
            name="tc_clip_consecutive",
            needs="frames",
            unit="1",
            direction="higher",
            lowest=-1.0,
            highest=1.0,
            summary="mean cosine between CLIP embeddings of consecutive frames",
            source="Follow-Your-Motion, FastVMT",
            function="metrics.temporal:consecutive_cosine",
        ),
        MetricInfo(
            name="tc_det_official",
            needs="frames",
            unit="1",
            direction="higher",
            lowest=-1.0,
            highest=1.0,
            summary="half first-frame and half previous-frame cosine, each with the first frame's own term",
            source="DeT code, temporal consistency",
            function="metrics.temporal:det_consistency",
        ),
    )
}


def metric_named(name: str) -> MetricInfo:
    """Return what is known of a metric, or raise an `InputError` with the nearest names."""
    if name not in METRICS:
        raise unknown("metric", name, METRICS)
    return METRICS[name]
