"""The words of `vocabulary.toml`: who can act, where, and what the names of sequences mean."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from annotate.english import singular

Kind = Literal["person", "animal", "swimmer", "flyer", "vehicle", "boat", "aircraft", "thing"]
Medium = Literal["ground", "snow", "water", "air"]


class Action(NamedTuple):
    """What a word in a sequence's name says is done, and by whom where the word itself tells."""

    phrase: str
    doer: str | None = None


_WORDS: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))

NOUNS: dict[Kind, frozenset[str]] = {kind: frozenset(_WORDS["nouns"][kind].split()) for kind in get_args(Kind)}
"""Known nouns, singular, by what they can do."""

SUBJECTS: dict[str, list[str]] = _WORDS["subjects"]
"""New subjects by group: a `Kind`, or `figure` for what can do as people do."""

SCENES: dict[Medium, list[str]] = _WORDS["scenes"]
"""New scenes by where the motion happens."""

ACTION_MEDIUM: dict[str, Medium] = {
    word: medium for medium in get_args(Medium) for word in _WORDS["action_medium"].get(medium, "").split()
}
"""Where an action happens, by its verb or by a word of its complement."""

KIND_MEDIUM: dict[Kind, Medium] = {"swimmer": "water", "boat": "water", "aircraft": "air"}
"""Where a motion happens when no word of the action says; other kinds keep to the ground."""

VERBS = frozenset(_WORDS["verbs"]["base"].split())
"""Base forms of known verbs."""

IRREGULAR_PAST: dict[str, str] = _WORDS["verbs"]["irregular_past"]
"""Base form by past form."""

THING_ACTIONS = frozenset(_WORDS["verbs"]["of_things"].split())
"""What a lifeless thing can do, in -ing forms."""

ACTIONS = {
    word: Action(phrase, None if doer == "anyone" else doer)
    for doer, phrases in _WORDS["actions"].items()
    for word, phrase in phrases.items()
}
"""What is done, by a word of a sequence's name."""

PLACES: dict[str, str] = _WORDS["places"]
"""Where it is done, by a word of a sequence's name."""

COLOURS = frozenset(_WORDS["names"]["colours"].split())
SPELLINGS: dict[str, str] = _WORDS["names"]["spellings"]
"""Nouns as they are said, by how names of sequences write them."""


def kind_of(noun: str) -> Kind | None:
    """Return what kind of thing a noun names, singular or plural, or None when it is not in the lists."""
    noun = singular(noun)
    return next((kind for kind, nouns in NOUNS.items() if noun in nouns), None)
