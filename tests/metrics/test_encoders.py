from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file, save_file

from benchmark.errors import InputError
from metrics.encoders import ClipEncoder, DinoEncoder, load_clip, load_dino
from metrics.temporal import consecutive_cosine, pooled
from metrics.text import edit_fidelity, text_similarity

CLIP, DINO = "clip-vit-b-32", "dinov2-base"
LOADERS: dict[str, Callable[[Path, str], Any]] = {CLIP: load_clip, DINO: load_dino}
CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
PROMPTS = ("A robot is sliding on the moon.", "two dogs")


@pytest.fixture
def clip(weights: Path) -> ClipEncoder:
    return load_clip(weights / CLIP, "cpu")


@pytest.fixture
def dino(weights: Path) -> DinoEncoder:
    return load_dino(weights / DINO, "cpu")


@pytest.fixture
def frames() -> NDArray[np.uint8]:
    """Three frames 96x64 of large coloured tiles, uint8 [3, 64, 96, 3]."""
    tiles = np.random.default_rng(0).integers(0, 256, (3, 8, 12, 3), dtype=np.uint8)
    return tiles.repeat(8, axis=1).repeat(8, axis=2)


def pixels_of_clip(frame: NDArray[np.uint8]) -> torch.Tensor:
    """Specification section 5 by hand, for a frame 96x64: shortest side to 224 bicubic, centre crop, CLIP's mean."""
    picture = Image.fromarray(frame).resize((336, 224), Image.Resampling.BICUBIC).crop((56, 0, 280, 224))
    scaled = (np.asarray(picture, dtype=np.float32) / 255 - CLIP_MEAN) / CLIP_STD
    return torch.from_numpy(scaled.transpose(2, 0, 1).astype(np.float32))[None]


def as_transformers_clip(state: dict[str, torch.Tensor]) -> Any:
    """Build transformers' CLIPModel with the weights of the tiny open_clip model."""
    from transformers import CLIPConfig, CLIPModel

    text = {"hidden_size": 32, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision = {"hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = CLIPConfig(
        projection_dim=16,
        text_config=text | {"eos_token_id": 49407, "hidden_act": "quick_gelu"},
        vision_config=vision | {"patch_size": 32, "image_size": 224, "hidden_act": "quick_gelu"},
    )
    names = {
        "logit_scale": "logit_scale",
        "visual.class_embedding": "vision_model.embeddings.class_embedding",
        "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
        "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
        "positional_embedding": "text_model.embeddings.position_embedding.weight",
        "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    }
    for side in ("weight", "bias"):
        names[f"visual.ln_pre.{side}"] = f"vision_model.pre_layrnorm.{side}"
        names[f"visual.ln_post.{side}"] = f"vision_model.post_layernorm.{side}"
        names[f"ln_final.{side}"] = f"text_model.final_layer_norm.{side}"
    parts = {"ln_1": "layer_norm1", "ln_2": "layer_norm2", "attn.out_proj": "self_attn.out_proj"}
    parts |= {"mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2"}
    converted = {new: state[old] for old, new in names.items()}
    for ours, theirs in (("visual.transformer", "vision_model"), ("transformer", "text_model")):
        for layer in range(2):
            block, target = f"{ours}.resblocks.{layer}", f"{theirs}.encoder.layers.{layer}"
            for side in ("weight", "bias"):
                for old, new in parts.items():
                    converted[f"{target}.{new}.{side}"] = state[f"{block}.{old}.{side}"]
                for part, tensor in zip("qkv", state[f"{block}.attn.in_proj_{side}"].chunk(3), strict=True):
                    converted[f"{target}.self_attn.{part}_proj.{side}"] = tensor
    converted["visual_projection.weight"] = state["visual.proj"].T
    converted["text_projection.weight"] = state["text_projection"].T
    model = CLIPModel(config).eval()
    missing, unexpected = model.load_state_dict(converted, strict=False)
    assert not unexpected
    assert not [name for name in missing if "position_ids" not in name]
    return model


@pytest.mark.parametrize("prompt", PROMPTS)
def test_edit_fidelity_equals_the_image_logits_of_transformers_clip_with_the_same_weights(
    clip: ClipEncoder, weights: Path, frames: NDArray[np.uint8], prompt: str
) -> None:
    text, flags = clip.encode_text(prompt)
    score = edit_fidelity(clip.encode_frames(frames), text)

    model = as_transformers_clip(load_file(weights / CLIP / "open_clip_model.safetensors"))
    tokens = clip.tokenizer([prompt])
    with torch.inference_mode():
        logits = model(input_ids=tokens, pixel_values=torch.cat([pixels_of_clip(frame) for frame in frames]))
    assert score.value == pytest.approx(logits.logits_per_image.mean().item(), abs=1e-5)
    assert flags == ()


def test_text_similarity_equals_open_clip_called_frame_by_frame(
    clip: ClipEncoder, weights: Path, frames: NDArray[np.uint8]
) -> None:
    import open_clip

    model = open_clip.CLIP(**json.loads((weights / CLIP / "open_clip_config.json").read_text())["model_cfg"]).eval()
    model.load_state_dict(load_file(weights / CLIP / "open_clip_model.safetensors"))
    with torch.inference_mode():
        text = model.encode_text(open_clip.tokenize([PROMPTS[0]]), normalize=True)[0]
        cosines = [(model.encode_image(pixels_of_clip(frame), normalize=True)[0] @ text).item() for frame in frames]

    score = text_similarity(clip.encode_frames(frames), clip.encode_text(PROMPTS[0])[0])
    assert score.value == pytest.approx(np.mean(cosines), abs=1e-5)
    assert np.ptp(cosines) > 1e-3, "the frames look alike to this model, so the comparison says nothing"


def test_temporal_consistency_equals_transformers_dinov2_called_frame_by_frame(
    dino: DinoEncoder, weights: Path, frames: NDArray[np.uint8]
) -> None:
    from transformers import BitImageProcessor, Dinov2Model

    model: Any = Dinov2Model.from_pretrained(weights / DINO, local_files_only=True)
    processor = BitImageProcessor.from_pretrained(weights / DINO, local_files_only=True)
    with torch.inference_mode():
        tokens = [model.eval()(**processor(images=frame, return_tensors="pt")).last_hidden_state for frame in frames]
    features = torch.stack([token[0, 0] for token in tokens])
    cosines = torch.nn.functional.cosine_similarity(features[1:], features[:-1])

    ours = dino.encode_frames(frames)
    torch.testing.assert_close(ours, features, atol=1e-5, rtol=0)
    assert consecutive_cosine(ours).value == pytest.approx(cosines.mean().item(), abs=1e-5)


@pytest.mark.parametrize(("columns", "matters"), [(slice(0, 13), False), (slice(83, 96), False), (slice(40, 56), True)])
def test_clip_sees_the_central_square_alone(
    clip: ClipEncoder, frames: NDArray[np.uint8], columns: slice, matters: bool
) -> None:
    painted = frames.copy()
    painted[:, :, columns] = 255 - painted[:, :, columns]
    assert torch.equal(clip.encode_frames(painted), clip.encode_frames(frames)) is not matters


@pytest.mark.parametrize("name", [CLIP, DINO])
def test_more_frames_than_a_batch_give_what_each_gives_alone(weights: Path, name: str) -> None:
    encoder = LOADERS[name](weights / name, "cpu")
    frames = np.random.default_rng(1).integers(0, 256, (34, 32, 32, 3), dtype=np.uint8)
    alone = torch.cat([encoder.encode_frames(frames[index : index + 1]) for index in (0, 31, 32, 33)])
    together = encoder.encode_frames(frames)
    assert len(together) == 34
    torch.testing.assert_close(together[[0, 31, 32, 33]], alone, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("words", "flags"), [(75, ()), (76, ("prompt_truncated",))])
def test_a_prompt_over_77_tokens_is_truncated_and_flagged(
    clip: ClipEncoder, words: int, flags: tuple[str, ...]
) -> None:
    features, found = clip.encode_text("dog " * words)
    assert found == flags
    torch.testing.assert_close(features, clip.encode_text("dog " * 75)[0])


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "config", "other architecture", "a tensor less"])
@pytest.mark.parametrize(
    ("name", "file", "config"),
    [
        (CLIP, "open_clip_model.safetensors", "open_clip_config.json"),
        (DINO, "model.safetensors", "config.json"),
    ],
)
def test_broken_weights_are_one_sentence_that_names_their_folder(
    own_weights: Path, name: str, file: str, config: str, damage: str
) -> None:
    path, settings = own_weights / name / file, own_weights / name / config
    if damage == "config":
        settings.write_text("{")
    elif damage == "other architecture":
        settings.write_text(settings.read_text().replace('"width": 64', '"width": 96').replace(": 32,", ": 48,"))
    elif damage == "a tensor less":
        state = load_file(path)
        del state[sorted(state)[-1]]
        save_file(state, path, metadata={"format": "pt"})
    else:
        path.write_bytes({"cut": path.read_bytes()[:-1000], "text": b"not a tensor", "empty": b""}[damage])
    with pytest.raises(InputError) as broken:
        LOADERS[name](own_weights / name, "cpu")
    message = str(broken.value)
    assert str(own_weights / name) in message
    assert message.endswith("; fetch them again")
    assert "\n" not in message


@pytest.mark.parametrize("pooler", [False, True], ids=["as DINO is published", "with a pooler"])
def test_dino_v1_gives_its_class_token_whatever_pooler_its_file_holds(
    save_vit: Callable[[Path, bool], Any], frames: NDArray[np.uint8], tmp_path: Path, pooler: bool
) -> None:
    model = save_vit(tmp_path / "vit", pooler)
    encoder = load_dino(tmp_path / "vit", "cpu")
    assert encoder.model.pooler is None
    with torch.inference_mode():
        pixels = encoder.processor(images=list(frames), return_tensors="pt")["pixel_values"]
        expected = model(pixel_values=pixels).last_hidden_state[:, 0]
    torch.testing.assert_close(encoder.encode_frames(frames), expected, atol=1e-5, rtol=0)


def test_the_seeded_pooler_is_the_one_of_transformers_with_the_same_weight(
    save_vit: Callable[[Path, bool], Any], frames: NDArray[np.uint8], tmp_path: Path
) -> None:
    model = save_vit(tmp_path / "vit", True)
    encoder = load_dino(tmp_path / "vit", "cpu")
    with torch.random.fork_rng(), torch.inference_mode():
        torch.manual_seed(7)
        torch.nn.init.trunc_normal_(model.pooler.dense.weight, std=model.config.initializer_range)
        model.pooler.dense.bias.zero_()
        pixels = encoder.processor(images=list(frames), return_tensors="pt")["pixel_values"]
        expected = model(pixel_values=pixels).pooler_output
    features = encoder.encode_frames(frames)
    torch.testing.assert_close(pooled(features, seed=7), expected, atol=1e-5, rtol=0)
    assert not torch.allclose(pooled(features, seed=8), expected, atol=1e-2), "the seed makes no difference"
