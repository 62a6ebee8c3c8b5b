"""The CoTracker models: which there are, where their code and checkpoints lie, and how they are loaded."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pickle import UnpicklingError
from threading import Lock
from typing import Any

import torch

from annotate.grids import Scale
from benchmark.errors import InputError, Unavailable


@dataclass(frozen=True)
class Model:
    """One CoTracker, as its authors ship it.

    Attributes:
        checkpoint: file name of the weights.
        release: branch or tag of github.com/facebookresearch/co-tracker that has its code.
        entry: what `torch.hub` calls it there.
        predictor: class of `cotracker.predictor` that runs it.
        network: class of the predictor's network, which tells releases apart.
        threshold: visibility above which the predictor calls a point visible.
        options: how the predictor is made.
        requires: packages its code imports besides torch and numpy.
        scale: how positions are brought to the model's frame.
        causal: whether frames before a query are followed only in a pass backwards.
        streams: whether the predictor takes a clip in windows of frames, one after another.
        shortest: clips of fewer frames are continued with their last one, as the network itself does above 4 frames;
            up to 4 it would follow nothing.
    """

    checkpoint: str
    release: str
    entry: str
    predictor: str
    network: str
    threshold: float
    options: Mapping[str, Any] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    scale: Scale = "corners"
    causal: bool = False
    streams: bool = False
    shortest: int = 1

    @property
    def cure(self) -> str:
        """The command that puts code and checkpoint into torch.hub's cache."""
        ref = "facebookresearch/co-tracker" + (f":{self.release}" if self.release != "main" else "")
        install = f"pip install {' '.join(self.requires)} && " if self.requires else ""
        return f"""{install}python -c "import torch; torch.hub.load('{ref}', '{self.entry}', trust_repo=True)\""""


MODELS: Mapping[str, Model] = {
    "cotracker3-offline": Model(
        checkpoint="scaled_offline.pth",
        release="main",
        entry="cotracker3_offline",
        predictor="CoTrackerPredictor",
        network="CoTrackerThreeOffline",
        threshold=0.9,
        options={"offline": True, "window_len": 60},
    ),
    "cotracker3-online": Model(
        checkpoint="scaled_online.pth",
        release="main",
        entry="cotracker3_online",
        predictor="CoTrackerOnlinePredictor",
        network="CoTrackerThreeOnline",
        threshold=0.6,
        options={"window_len": 16},
        causal=True,
        streams=True,
    ),
    "cotracker1": Model(
        checkpoint="cotracker_stride_4_wind_8.pth",
        release="v1.0",
        entry="cotracker_w8",
        predictor="CoTrackerPredictor",
        network="CoTracker",
        threshold=0.9,
        requires=("einops", "timm", "tqdm"),
        scale="size",
        causal=True,
        shortest=8,
    ),
}
"""Tracker name -> model. Code and checkpoints are published under CC BY-NC 4.0."""

_IMPORT = Lock()


def find_checkpoint(model: Model, folder: Path | None) -> Path:
    """Return the checkpoint's path in `folder`, or, when that is None, in torch.hub's cache.

    Raises:
        Unavailable: it is not there.
    """
    path = (folder or Path(torch.hub.get_dir()) / "checkpoints") / model.checkpoint
    if not path.is_file():
        raise Unavailable(f"checkpoint {model.checkpoint}", f"is not in {path.parent}", model.cure)
    return path


def load_predictor(model: Model, checkpoint: Path) -> Any:
    """Make the authors' predictor of `model`, with the weights of `checkpoint`, without running code from that file.

    Its code is the installed package `cotracker`, if that is of the right release, else torch.hub's copy of the
    release; nothing is fetched. Torch's random state stays as it is, though both importing and making the model use it.

    Raises:
        Unavailable: neither place has the release's code, or something that it imports is missing.
        InputError: the checkpoint cannot be read, or is another model's.
    """
    predictor = next(filter(None, (_made_from(folder, model) for folder in _package_folders(model))), None)
    if predictor is None:
        raise Unavailable(f"the code of {model.entry} (release {model.release})", "is not here", model.cure)
    try:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        predictor.model.load_state_dict(state.get("model", state))
    except (RuntimeError, UnpicklingError, EOFError, AttributeError, TypeError) as error:
        raise InputError(
            f"checkpoint {checkpoint} does not hold the weights of {model.entry} ({type(error).__name__}); "
            f"delete it and run: {model.cure}"
        ) from error
    return predictor.eval()


def _package_folders(model: Model) -> Iterator[Path]:
    """The folders that hold a package `cotracker`, of whatever release."""
    installed = find_spec("cotracker")
    if installed and installed.submodule_search_locations:
        yield Path(next(iter(installed.submodule_search_locations))).parent
    cached = Path(torch.hub.get_dir()) / f"facebookresearch_co-tracker_{model.release}"
    if (cached / "cotracker").is_dir():
        yield cached


def _made_from(folder: Path, model: Model) -> Any | None:
    """The predictor with random weights, or None when the code in `folder` is another release's."""
    with _only_cotracker_in(folder):
        try:
            make = getattr(import_module("cotracker.predictor"), model.predictor)
            predictor = make(checkpoint=None, **model.options)
        except ModuleNotFoundError as missing:
            if (missing.name or "").startswith("cotracker"):
                return None
            raise Unavailable(
                f"{missing.name}, which {folder / 'cotracker'} imports,", "is missing", model.cure
            ) from None
        except (AttributeError, TypeError):
            return None
    return predictor if type(predictor.model).__name__ == model.network else None


@contextmanager
def _only_cotracker_in(folder: Path) -> Iterator[None]:
    """Import `cotracker` from `folder` alone and forget it afterwards, as its releases all have the same name."""
    with _IMPORT, torch.random.fork_rng(range(torch.cuda.device_count())):
        others = _take_modules()
        sys.path.insert(0, str(folder))
        try:
            yield
        finally:
            sys.path.remove(str(folder))
            _take_modules()
            sys.modules.update(others)


def _take_modules() -> dict[str, Any]:
    names = [name for name in sys.modules if name.partition(".")[0] == "cotracker"]
    return {name: sys.modules.pop(name) for name in names}
