from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from benchmark.errors import InputError, Unavailable
from benchmark.weights import WEIGHTS
from metrics.backbones import BACKBONES, backbone_folder, backbone_identity, backbone_mark, load_backbone
from metrics.encoders import ClipEncoder, DinoEncoder
from metrics.vbench_backbones import AmtInterpolator, VBenchDino

CLIP, DINO = "clip-vit-b-32", "dinov2-base"


def test_every_backbone_has_weights_of_its_name() -> None:
    assert BACKBONES.keys() <= WEIGHTS.keys()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (CLIP, ClipEncoder),
        ("clip-vit-l-14", ClipEncoder),
        (DINO, DinoEncoder),
        ("dino-vitb16-hf", DinoEncoder),
        ("dino-vitb16", VBenchDino),
        ("laion-aesthetic", tuple),
    ],
)
def test_every_backbone_is_loaded_from_the_folder_of_its_name(every_weights: Path, name: str, kind: type) -> None:
    assert isinstance(load_backbone(name, every_weights, "cpu"), kind)


def test_the_interpolator_is_loaded_too(amt_weights: Path, tmp_path: Path) -> None:
    shutil.copytree(amt_weights, tmp_path / "amt-s")
    assert isinstance(load_backbone("amt-s", tmp_path, "cpu"), AmtInterpolator)


def test_a_misspelt_backbone_gets_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unknown backbone 'dinov2-bas'.*did you mean dinov2-base"):
        backbone_folder("dinov2-bas", tmp_path)


def test_the_identity_is_that_of_the_weights_wherever_they_lie(
    weights: Path, own_weights: Path, other_clip: Callable[[Path, bool], None]
) -> None:
    identity = backbone_identity(CLIP, weights)
    assert backbone_identity(CLIP, own_weights) == identity
    shutil.rmtree(own_weights / CLIP)
    missing = backbone_identity(CLIP, own_weights)
    assert "vmtbench fetch" in missing
    other_clip(own_weights / CLIP, True)
    assert backbone_identity(CLIP, own_weights) not in (identity, missing)


def test_a_file_beside_the_weights_changes_no_identity(own_weights: Path) -> None:
    before = backbone_identity(CLIP, own_weights)
    (own_weights / CLIP / "README.md").write_text("tiny")
    assert backbone_identity(CLIP, own_weights) == before


def test_an_architecture_that_is_not_the_reference_is_marked(weights: Path) -> None:
    assert backbone_mark(CLIP, weights) == "embed_dim=16,layers=2,width=64"
    assert backbone_mark(DINO, weights) == "hidden_size=32,num_hidden_layers=2"


def test_clip_without_the_quick_gelu_is_marked(tmp_path: Path, other_clip: Callable[[Path, bool], None]) -> None:
    other_clip(tmp_path / CLIP, False)
    assert "quick_gelu=False" in backbone_mark(CLIP, tmp_path)


def test_the_reference_architectures_have_no_mark(own_weights: Path) -> None:
    import open_clip
    from transformers import Dinov2Config

    reference = open_clip.get_model_config("ViT-B-32-quickgelu")
    (own_weights / CLIP / "open_clip_config.json").write_text(json.dumps({"model_cfg": reference}))
    Dinov2Config(image_size=518, patch_size=14).save_pretrained(own_weights / DINO)
    assert [backbone_mark(name, own_weights) for name in (CLIP, DINO)] == ["", ""]


def test_weights_that_are_not_here_have_no_mark(tmp_path: Path) -> None:
    assert backbone_mark(CLIP, tmp_path) == ""


@pytest.mark.parametrize("name", [CLIP, DINO])
def test_missing_weights_are_unavailable_with_the_command_that_fetches_them(tmp_path: Path, name: str) -> None:
    with pytest.raises(Unavailable) as missing:
        load_backbone(name, tmp_path, "cpu")
    assert missing.value.cure == f"vmtbench fetch {name}"


@pytest.mark.parametrize(("name", "library"), [(CLIP, "open_clip"), (DINO, "transformers")])
def test_a_missing_library_is_unavailable_with_the_command_that_installs_it(
    weights: Path, name: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda asked: None if asked == library else object())
    with pytest.raises(Unavailable, match=f"{library} is not installed; run: pip install 'vmtbench\\[models\\]'"):
        backbone_folder(name, weights)


@pytest.mark.parametrize(("name", "file"), [(CLIP, "open_clip_config.json"), (DINO, "preprocessor_config.json")])
def test_weights_that_lack_a_file_are_refused_by_its_name(own_weights: Path, name: str, file: str) -> None:
    (own_weights / name / file).unlink()
    with pytest.raises(InputError, match=f"lacks {file}"):
        load_backbone(name, own_weights, "cpu")


def test_an_encoder_is_loaded_once_and_again_when_its_weights_change(
    own_weights: Path, other_clip: Callable[[Path, bool], None]
) -> None:
    first = load_backbone(CLIP, own_weights, "cpu")
    assert load_backbone(CLIP, own_weights, "cpu") is first
    other_clip(own_weights / "new", True)
    for file in (own_weights / "new").iterdir():
        file.replace(own_weights / CLIP / file.name)
    second = load_backbone(CLIP, own_weights, "cpu")
    assert not torch.equal(second.encode_text("a dog")[0], first.encode_text("a dog")[0])


def test_nothing_is_asked_of_the_network(own_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("something tried to connect")

    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for name in (CLIP, DINO):
        load_backbone(name, own_weights, "cpu")
        with pytest.raises(Unavailable):
            load_backbone(name, own_weights / "nowhere", "cpu")
