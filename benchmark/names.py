"""Clip ids: a data set's own names, made safe for files and for loaders that read meaning into file names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from benchmark.errors import InputError

SPLIT_WORDS = frozenset(
    ["train", "training", "validation", "valid", "dev", "val", "test", "testing", "eval", "evaluation"]
)
"""Words that Hugging Face's folder loaders take for the name of a split when they stand alone in a file name."""
LONGEST = 128
"""Characters of the longest id."""


def clip_ids(names: Sequence[str]) -> list[str]:
    """Return an id for every sequence name, in order.

    Characters that an id cannot hold become `-`. A word that `datasets` would take for a split gets the ending `seq`
    (DAVIS has a sequence called `train`; under that name `load_dataset` would drop all others).

    Raises:
        InputError: two names give one id.

    >>> clip_ids(["dance-twirl", "train", "my clip"])
    ['dance-twirl', 'trainseq', 'my-clip']
    """
    ids = [_clip_id(name) for name in names]
    for index, found in enumerate(ids):
        if (first := ids.index(found)) != index:
            raise InputError(
                f"sequences {names[first]!r} and {names[index]!r} both give clip id {found!r}, expected one each; "
                "rename one of them"
            )
    return ids


def _clip_id(name: str) -> str:
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._") or "clip"
    while len(found := _without_split_words(safe)) > LONGEST:  # cut first: a cut may leave the word of a split
        safe = safe[:-1]
    return found


def _without_split_words(name: str) -> str:
    parts = re.split(r"([-._0-9]+)", name)
    return "".join(f"{part}seq" if part.lower() in SPLIT_WORDS else part for part in parts)
