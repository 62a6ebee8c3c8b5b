"""Model weights: what there is, where it lies on this machine, and the command that fetches what is missing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import InputError, Unavailable
from benchmark.files import replace_atomically
from benchmark.registry import unknown


@dataclass(frozen=True)
class Weights:
    """One set of weights.

    Attributes:
        name: what vmtbench calls it.
        source: repository on the Hugging Face hub, or the address of the one file.
        revision: branch, tag or commit of the repository; empty for a file.
        files: glob patterns of the files that are needed.
        licence: licence of the weights, as their publisher states it.
        megabytes: download size, about.
        used_by: what cannot be computed without it.
    """

    name: str
    source: str
    revision: str
    files: tuple[str, ...]
    licence: str
    megabytes: int
    used_by: str

    @property
    def is_file(self) -> bool:
        """Whether the source is the address of one file."""
        return self.source.startswith("https://")


_CLIP_FILES = ("open_clip_config.json", "open_clip_model.safetensors")
_TRANSFORMERS_FILES = ("config.json", "preprocessor_config.json", "model.safetensors")

WEIGHTS = {
    weights.name: weights
    for weights in (
        Weights(
            name="clip-vit-b-32",
            source="timm/vit_base_patch32_clip_224.openai",
            revision="main",
            files=_CLIP_FILES,
            licence="MIT",
            megabytes=605,
            used_by="edit_fidelity, text_similarity, tc_clip_consecutive, background_consistency",
        ),
        Weights(
            name="clip-vit-l-14",
            source="timm/vit_large_patch14_clip_224.openai",
            revision="main",
            files=_CLIP_FILES,
            licence="MIT",
            megabytes=1710,
            used_by="aesthetic_quality",
        ),
        Weights(
            name="dinov2-base",
            source="facebook/dinov2-base",
            revision="main",
            files=_TRANSFORMERS_FILES,
            licence="Apache-2.0",
            megabytes=346,
            used_by="tc_dino_consecutive",
        ),
        Weights(
            name="dino-vitb16-hf",
            source="facebook/dino-vitb16",
            revision="main",
            files=_TRANSFORMERS_FILES,
            licence="Apache-2.0",
            megabytes=343,
            used_by="tc_det_official",
        ),
        Weights(
            name="dino-vitb16",
            source="https://dl.fbaipublicfiles.com/dino/dino_vitbase16_pretrain/dino_vitbase16_pretrain.pth",
            revision="",
            files=("dino_vitbase16_pretrain.pth",),
            licence="Apache-2.0",
            megabytes=343,
            used_by="subject_consistency",
        ),
        Weights(
            name="laion-aesthetic",
            source="https://github.com/LAION-AI/aesthetic-predictor/raw/main/sa_0_4_vit_l_14_linear.pth",
            revision="",
            files=("sa_0_4_vit_l_14_linear.pth",),
            licence="MIT",
            megabytes=1,
            used_by="aesthetic_quality",
        ),
        Weights(
            name="amt-s",
            source="lalala125/AMT",
            revision="main",
            files=("amt-s.pth",),
            licence="CC-BY-NC-4.0",
            megabytes=36,
            used_by="motion_smoothness",
        ),
        Weights(
            name="cotracker3-offline",
            source="facebook/cotracker3",
            revision="main",
            files=("scaled_offline.pth",),
            licence="CC-BY-NC-4.0",
            megabytes=102,
            used_by="tracker cotracker3-offline",
        ),
        Weights(
            name="cotracker3-online",
            source="facebook/cotracker3",
            revision="main",
            files=("scaled_online.pth",),
            licence="CC-BY-NC-4.0",
            megabytes=102,
            used_by="tracker cotracker3-online",
        ),
        Weights(
            name="cotracker1",
            source="https://dl.fbaipublicfiles.com/cotracker/cotracker_stride_4_wind_8.pth",
            revision="",
            files=("cotracker_stride_4_wind_8.pth",),
            licence="CC-BY-NC-4.0",
            megabytes=100,
            used_by="tracker cotracker1",
        ),
    )
}


def weights_named(name: str) -> Weights:
    """Return an entry of the registry, or raise an `InputError` with the nearest names."""
    if name not in WEIGHTS:
        raise unknown("weights", name, WEIGHTS)
    return WEIGHTS[name]


def locate(name: str, folder: Path | None = None) -> Path:
    """Return the folder that holds weights `name`: `<folder>/<name>` first, then a cache; nothing is fetched.

    The cache is the Hugging Face hub's for a repository, and torch.hub's for a file.

    Raises:
        InputError: the name is unknown, or `<folder>/<name>` is there but lacks a file.
        Unavailable: the weights are not on this machine; its `cure` is the command that fetches them.
    """
    weights = weights_named(name)
    if folder is not None and (folder / name).is_dir():
        return _complete(folder / name, weights)
    missing = Unavailable(f"weights {name} ({weights.source})", "are not here", f"vmtbench fetch {name}")
    if weights.is_file:
        if not all((_torch_cache() / file).is_file() for file in weights.files):
            raise missing
        return _torch_cache()
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise Unavailable("huggingface_hub", "is not installed", "pip install 'vmtbench[models]'") from None
    try:
        found = snapshot_download(
            weights.source, revision=weights.revision, allow_patterns=list(weights.files), local_files_only=True
        )
        return _complete(Path(found), weights)
    except (OSError, InputError):
        raise missing from None


def fetch(name: str, folder: Path | None = None, *, offline: bool = False) -> Path:
    """Return the folder that holds weights `name`, downloading from the hub what is on neither disk nor cache.

    Raises:
        InputError: the name is unknown, `offline` forbids the download, or the hub did not deliver.
    """
    try:
        return locate(name, folder)
    except Unavailable as missing:
        if missing.cure != f"vmtbench fetch {name}":
            raise
    except InputError:  # a download that was interrupted goes on
        if offline or name not in WEIGHTS:
            raise
    if offline:
        raise InputError(f"weights {name} are not here and --offline forbids the download; run without --offline")
    weights = weights_named(name)
    target = folder / name if folder else None
    try:
        return _complete(_download(weights, target), weights)
    except OSError as error:  # what both libraries raise for the network, the server and the disk derives from it
        raise InputError(
            f"weights {name} could not be fetched from {weights.source} ({type(error).__name__}); "
            f"check the network, or put {', '.join(weights.files)} into FOLDER/{name} and pass --weights FOLDER"
        ) from error


def _download(weights: Weights, target: Path | None) -> Path:
    if weights.is_file:
        import torch

        folder = target or _torch_cache()
        for file in weights.files:
            with replace_atomically(folder / file) as temporary:
                torch.hub.download_url_to_file(weights.source, str(temporary), progress=False)
        return folder
    from huggingface_hub import snapshot_download

    found = snapshot_download(
        weights.source, revision=weights.revision, allow_patterns=list(weights.files), local_dir=target
    )
    return Path(found)


def _torch_cache() -> Path:
    """Return where torch.hub keeps downloaded files, without importing torch."""
    base = os.environ.get("TORCH_HOME") or Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "torch"
    return Path(base).expanduser() / "hub" / "checkpoints"


def _complete(path: Path, weights: Weights) -> Path:
    missing = [pattern for pattern in weights.files if not any(path.glob(pattern))]
    if missing:
        raise InputError(f"{path} lacks {', '.join(missing)} of weights {weights.name}; fetch them again or add them")
    return path
