"""The metrics there are: what each needs, its unit, range, direction and source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmark.registry import unknown

Needs = Literal["tracks", "layers", "text", "frames", "aesthetics", "midpoints"]


@dataclass(frozen=True)
class MetricInfo:
    """What is known of a metric before it is computed.

    Attributes:
        needs: `tracks` of both videos; these and background tracks in `layers`; `frames` features alone, or beside them
            `text` features or the `aesthetics` head; or a network that guesses `midpoints` between frames.
        rules: which of the protocol's rules the function takes beside its own parameters.
        preprocessing: how frames are prepared for the backbone: as its weights say, or as VBench does.
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
    rules: tuple[Literal["alignment", "zero_steps"], ...] = ()
    preprocessing: Literal["own", "vbench"] = "own"


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
            rules=("alignment",),
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
            rules=("alignment", "zero_steps"),
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
            rules=("alignment", "zero_steps"),
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
            rules=("alignment", "zero_steps"),
        ),
        MetricInfo(
            name="ditflow_mf",
            needs="tracks",
            unit="1",
            direction="higher",
            lowest=-2.0,
            highest=1.0,
            summary="dmt_mf after both videos are cut to the shorter length",
            source="DiTFlow as coded",
            function="metrics.motion:dmt_mf",
            rules=("alignment", "zero_steps"),
        ),
        MetricInfo(
            name="det_cosine",
            needs="tracks",
            unit="1",
            direction="higher",
            lowest=-1.0,
            highest=1.0,
            summary="best-match cosine of the steps with the start position as a first step",
            source="DeT code, motion fidelity as its default run prints it",
            function="metrics.det:det_cosine",
            rules=("alignment",),
        ),
        MetricInfo(
            name="det_meanpair",
            needs="tracks",
            unit="1",
            direction="higher",
            lowest=0.0,
            highest=1.0,
            summary="best match of 1/(1 + mean distance of all pairs of points), which the code calls Fréchet",
            source="DeT code, second term",
            function="metrics.det:det_meanpair",
            rules=("alignment",),
        ),
        MetricInfo(
            name="det_combined",
            needs="tracks",
            unit="1",
            direction="higher",
            lowest=-0.5,
            highest=1.0,
            summary="half det_cosine and half det_meanpair on 50 tracks drawn with replacement",
            source="DeT code with its Fréchet flag",
            function="metrics.det:det_combined",
            rules=("alignment",),
        ),
        MetricInfo(
            name="mf_one_to_one",
            needs="tracks",
            unit="1",
            direction="higher",
            lowest=-1.0,
            highest=1.0,
            summary="step cosine under the best one-to-one matching; unmatched tracks count 0",
            source="vmtbench",
            function="metrics.one_to_one:mf_one_to_one",
            rules=("alignment", "zero_steps"),
        ),
        MetricInfo(
            name="mf_compensated",
            needs="layers",
            unit="1",
            direction="higher",
            lowest=-1.0,
            highest=1.0,
            summary="step cosine of the object's own motion, the camera's taken off, where points are seen",
            source="vmtbench",
            function="metrics.compensated:mf_compensated",
            rules=("alignment",),
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
        MetricInfo(
            name="subject_consistency",
            needs="frames",
            unit="1",
            direction="higher",
            lowest=0.0,
            highest=1.0,
            summary="mean of first-frame and previous-frame cosines of DINO features, negatives counted 0",
            source="VBench 0.1.5",
            function="metrics.vbench:vbench_consistency",
            preprocessing="vbench",
        ),
        MetricInfo(
            name="background_consistency",
            needs="frames",
            unit="1",
            direction="higher",
            lowest=0.0,
            highest=1.0,
            summary="mean of first-frame and previous-frame cosines of CLIP embeddings, negatives counted 0",
            source="VBench 0.1.5",
            function="metrics.vbench:vbench_consistency",
            preprocessing="vbench",
        ),
        MetricInfo(
            name="aesthetic_quality",
            needs="aesthetics",
            unit="1",
            direction="higher",
            lowest=0.0,
            highest=1.0,
            summary="mean of LAION's linear aesthetic score over ten, on CLIP embeddings",
            source="VBench 0.1.5",
            function="metrics.vbench:aesthetic_quality",
            preprocessing="vbench",
        ),
        MetricInfo(
            name="motion_smoothness",
            needs="midpoints",
            unit="1",
            direction="higher",
            lowest=0.0,
            highest=1.0,
            summary="how well every second frame is guessed from its neighbours",
            source="VBench 0.1.5",
            function="metrics.vbench:motion_smoothness",
            preprocessing="vbench",
        ),
    )
}


def metric_named(name: str) -> MetricInfo:
    """Return what is known of a metric, or raise an `InputError` with the nearest names."""
    if name not in METRICS:
        raise unknown("metric", name, METRICS)
    return METRICS[name]
