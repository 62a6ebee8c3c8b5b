"""Model weights: what there is, where it lies on this machine, and the command that fetches what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import InputError, Unavailable
from benchmark.registry import unknown


@dataclass(frozen=True)
class Weights:
    """One set of weights.

    Attributes:
        name: what vmtbench calls it.
        source: repository on the Hugging Face hub.
        revision: branch, tag or commit there.
        files: glob patterns of the files that are needed.
        licence: licence of the weights, as their publisher states it.
        megabytes: download size.
        used_by: what cannot be computed without it.
    """

    name: str
    source: str
    revision: str
    files: tuple[str, ...]
    licence: str
    megabytes: int
    used_by: str


WEIGHTS = {
    weights.name: weights
    for weights in (
        Weights(
            name="clip-vit-b-32",
            source="timm/vit_base_patch32_clip_224.openai",
            revision="main",
            files=("open_clip_config.json", "open_clip_model.safetensors"),
            licence="MIT",
            megabytes=605,
            used_by="edit_fidelity, text_similarity",
        ),
        Weights(
            name="dinov2-base",
            source="facebook/dinov2-base",
            revision="main",
            files=("config.json", "preprocessor_config.json", "model.safetensors"),
            licence="Apache-2.0",
            megabytes=346,
            used_by="tc_dino_consecutive",
        ),
    )
}


def weights_named(name: str) -> Weights:
    """Return an entry of the registry, or raise an `InputError` with the nearest names."""
    if name not in WEIGHTS:
        raise unknown("weights", name, WEIGHTS)
    return WEIGHTS[name]


def locate(name: str, folder: Path | None = None) -> Path:
    """Return the folder that holds weights `name`: `<folder>/<name>` first, then the hub's cache; nothing is fetched.

    Raises:
        InputError: the name is unknown, or `<folder>/<name>` is there but lacks a file.
        Unavailable: the weights are not on this machine; its `cure` is the command that fetches them.
    """
    weights = weights_named(name)
    if folder is not None and (folder / name).is_dir():
        return _complete(folder / name, weights)
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
        raise Unavailable(f"weights {name} ({weights.source})", "are not here", f"vmtbench fetch {name}") from None


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
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    weights = weights_named(name)
    target = folder / name if folder else None
    try:
        found = snapshot_download(
            weights.source, revision=weights.revision, allow_patterns=list(weights.files), local_dir=target
        )
    except (OSError, HfHubHTTPError) as error:
        raise InputError(
            f"weights {name} could not be fetched from hub repository {weights.source} ({type(error).__name__}); "
            f"check the network, or put {', '.join(weights.files)} into FOLDER/{name} and pass --weights FOLDER"
        ) from error
    return _complete(Path(found), weights)


def _complete(path: Path, weights: Weights) -> Path:
    missing = [pattern for pattern in weights.files if not any(path.glob(pattern))]
    if missing:
        raise InputError(f"{path} lacks {', '.join(missing)} of weights {weights.name}; fetch them again or add them")
    return path
