"""Agreement of a video's frames with its prompt, from CLIP embeddings (specification §5)."""

from __future__ import annotations

from dataclasses import replace

from metrics.arrays import Array, as_features, as_float64, feature_fault, unit_rows
from metrics.result import Score


def text_similarity(image_features: Array, text_features: Array) -> Score:
    """Mean cosine between frame embeddings and the prompt's embedding, in [−1, 1]; each frame is one term.

    Args:
        image_features: [F, D], one row per frame, any scale.
        text_features: [D], any scale.

    Raises:
        ValueError: the shapes are not [F, D] and [D].

    Source: DiTFlow's code and the FYM and FastVMT papers; without CLIPScore's clamp and factor; specification §5.
    """
    images, text = as_features(image_features), as_float64(text_features)
    if text.shape != images.shape[1:]:
        raise ValueError(f"text features have shape {tuple(text.shape)}; expected [{images.shape[1]}] like the images'")
    if len(images) == 0:
        return Score.undefined("too_few_frames", "no frames given; give a video of at least 1 frame")
    text = text[None]
    if fault := feature_fault(images, "image embeddings") or feature_fault(text, "text embeddings"):
        return Score.undefined(*fault, n_total=len(images))
    cosines = (unit_rows(images) @ unit_rows(text)[0]).clamp(-1, 1)
    return Score.ok(cosines.mean().item(), n_used=len(images))


def edit_fidelity(image_features: Array, text_features: Array) -> Score:
    """100 times `text_similarity`, the scale of CLIP's image logits, in [−100, 100]; same arguments and errors.

    Source: DeT's released evaluation code; specification §5.
    """
    score = text_similarity(image_features, text_features)
    return score if score.value is None else replace(score, value=100 * score.value)
