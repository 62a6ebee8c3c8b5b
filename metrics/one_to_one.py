"""Motion fidelity of the best one-to-one matching between two sets of tracks, a metric of this project."""

from __future__ import annotations

from scipy.optimize import linear_sum_assignment

from metrics.arrays import Array
from metrics.comparable import comparable
from metrics.result import Score
from metrics.rules import Alignment, ZeroSteps
from metrics.steps import step_similarity


def mf_one_to_one(
    reference: Array, generated: Array, *, alignment: Alignment = "linspace-exact", zero_steps: ZeroSteps = "match"
) -> Score:
    """Mean over the tracks of both sets of the step cosine with their partner in the best one-to-one matching.

    Best-match metrics let any number of tracks take the same partner, so they ask which motions occur and not how much
    of the video makes them: when one dancer in ten turns left in the reference and nine in ten do in the generation,
    `mf_one_way` is 1, and `mf_bidirectional` is too, since each motion occurs somewhere in the other set. Here a track
    gives its motion to one partner only. Of all matchings that pair every track of the smaller set, the one with the
    largest sum of step cosines counts; tracks of the larger set that are left over have no partner and count 0, in
    whichever set they are. Like the metrics it refines it knows no track order and no positions, only motions.

    The value is in [−1, 1], and 1 exactly when the sets hold the same step directions in the same numbers. With
    different counts `detail` tells the two directions apart: `gen_to_ref` is the sum over matched pairs divided by
    the number of generated tracks, `ref_to_gen` by that of reference tracks.

    Args:
        reference: tracks [N, T, 2], px.
        generated: tracks [M, S, 2], px of its own video; M may differ from N.
        alignment: how different lengths are made equal.
        zero_steps: "match" counts two steps of at most 1e-8 as cosine 1 and one as 0; "undefined" gives no value
            when any step is exactly zero.

    Raises:
        ValueError: a set is not [N, T, 2].

    Source: vmtbench; the cosines are those of Yatim et al. (§4.3), the matching is Kuhn's (1955) as scipy solves it.
    """
    pair = comparable(reference, generated, alignment, zero_steps=zero_steps)
    if isinstance(pair, Score):
        return pair
    similarity = step_similarity(pair[0], pair[1], zero_steps).cpu().numpy()
    m, n = similarity.shape
    matched = similarity[linear_sum_assignment(similarity, maximize=True)].sum()
    return Score.ok(
        2 * matched / (m + n),
        n_used=2 * min(m, n),
        n_total=m + n,
        flags=pair[2],
        detail={"gen_to_ref": matched / m, "ref_to_gen": matched / n},
    )
