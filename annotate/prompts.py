"""Evaluation prompts by a grammar that keeps a caption's verb and swaps its subject and scene."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle, islice

from annotate.captions import Caption
from annotate.english import (
    bare,
    clean,
    coordinated,
    head_noun,
    joined,
    plural,
    quantity,
    sentence,
    singular,
    with_article,
    word_set,
)
from annotate.vocabulary import ACTION_MEDIUM, KIND_MEDIUM, SCENES, SUBJECTS, Medium, kind_of
from benchmark.errors import InputError, ItemError
from benchmark.files import seed_of
from benchmark.manifest import Prompt

MOST_PROMPTS = 8
"""As many `foreground_background` prompts as the smallest groups of subjects and scenes are sure to give."""

_TRIES = 1000
_ANIMALS: dict[Medium | None, str] = {"water": "swimmer", "air": "flyer"}
_VEHICLES: dict[Medium | None, str] = {"water": "boat", "air": "aircraft"}
_BY_MEDIUM = {"animal": _ANIMALS, "swimmer": _ANIMALS, "flyer": _ANIMALS, "vehicle": _VEHICLES, "boat": _VEHICLES}
_SMALL_WORDS = word_set("a an the of in on at to over under down through across above along past near off")


def evaluation_prompts(
    caption: Caption, *, key: str, seed: int, given: Sequence[str] = (), count: int = 5
) -> tuple[Prompt, ...]:
    """Return a clip's prompts: `foreground_background_1` and so on, then `caption`, `subject` and `scene`.

    | kind | subject | verb | scene |
    | --- | --- | --- | --- |
    | `foreground_background` | new | kept | new |
    | `caption` | kept | kept | kept: the caption itself |
    | `subject` | new | kept | kept |
    | `scene` | kept | kept | new |

    New subjects are of the old one's kind and as many: people give way to figures that can do what people do,
    vehicles to vehicles, each member of `a man and two dogs` to its own kind. New scenes suit the verb: a flight
    stays in the air. None holds the head noun of what it stands for. No two prompts have the same text. The
    choice depends on `key` and `seed` alone.

    Prompts that a data set gives take the place of the grammar's `foreground_background` ones, cleaned of stray
    whitespace and otherwise as they are. However few they are, none is added, so that scores stay comparable with
    others on that data set.

    Args:
        caption: the clip's caption.
        key: the clip's id.
        seed: the run's seed.
        given: the data set's own evaluation prompts; blank ones do not count.
        count: how many `foreground_background` prompts the grammar makes, 0 to 8.

    Raises:
        InputError: `count` is not from 0 to 8.
        ItemError: two given prompts are the same, or one is the caption.
    """
    if not 0 <= count <= MOST_PROMPTS:
        raise InputError(f"{count} prompts per clip were asked for, expected 0 to {MOST_PROMPTS}; choose fewer")
    subjects, scenes = _new_subjects(caption, key, seed), _new_scenes(caption, key, seed)
    swapped = _cleaned(given, caption, key) or [
        _sentence(caption, subject, scene) for subject, scene in islice(zip(subjects, scenes, strict=False), count)
    ]
    taken = [*swapped, caption.text]
    new_subject = _first_new((_sentence(caption, subject, caption.scene) for subject in subjects), taken, key)
    new_scene = _first_new((_sentence(caption, caption.subject, scene) for scene in scenes), [*taken, new_subject], key)
    return (
        *(
            Prompt(id=f"foreground_background_{number}", kind="foreground_background", text=text)
            for number, text in enumerate(swapped, start=1)
        ),
        Prompt(id="caption", kind="caption", text=caption.text),
        Prompt(id="subject", kind="subject", text=new_subject),
        Prompt(id="scene", kind="scene", text=new_scene),
    )


def _sentence(caption: Caption, subject: str, scene: str) -> str:
    return sentence(subject, caption.plural, caption.verb, caption.complement, scene)


def _cleaned(given: Sequence[str], caption: Caption, key: str) -> list[str]:
    """Return the data set's prompts without stray whitespace, none blank, none twice, none the caption."""
    texts = [text for text in map(clean, given) if text]
    seen = {_folded(caption.text): "is the caption"}
    for text in texts:
        if _folded(text) in seen:
            raise ItemError(
                f"clip {key!r}: the evaluation prompt {text!r} {seen[_folded(text)]}, expected prompts that differ; "
                "change it in the data set's list of prompts"
            )
        seen[_folded(text)] = "stands twice"
    return texts


def _new_subjects(caption: Caption, key: str, seed: int) -> Iterator[str]:
    """Yield new subjects without end; each member of the old one is replaced from its own group."""
    members = coordinated(caption.subject) if caption.plural else [caption.subject]
    groups = [_subject_group(caption, member) for member in members]
    old = {head_noun(member) for member in members}
    orders = {group: cycle(_in_order(SUBJECTS[group], old, caption, key, seed)) for group in groups}
    while True:
        yield joined(
            [_as_many(next(orders[group]), member, caption) for group, member in zip(groups, members, strict=True)]
        )


def _as_many(noun: str, member: str, caption: Caption) -> str:
    """Give a noun the number of the member of the old subject that it replaces."""
    if many := quantity(member):
        return f"{many} {plural(noun)}"
    alone = caption.plural and len(coordinated(caption.subject)) == 1
    in_plural = alone or (caption.plural and singular(bare(member.split()[-1])) != bare(member.split()[-1]))
    return plural(noun) if in_plural else with_article(noun)


def _subject_group(caption: Caption, member: str) -> str:
    kind = kind_of(head_noun(member))
    if kind is None or kind == "person":
        return "figure"
    return _BY_MEDIUM.get(kind, {}).get(_medium(caption), kind)


def _new_scenes(caption: Caption, key: str, seed: int) -> Iterator[str]:
    """Yield new scenes without end."""
    kind = kind_of(head_noun(coordinated(caption.subject)[0]))
    medium = _medium(caption) or (KIND_MEDIUM.get(kind, "ground") if kind else "ground")
    return cycle(_in_order(SCENES[medium], {head_noun(caption.scene)}, caption, key, seed))


def _medium(caption: Caption) -> Medium | None:
    """Return where the action must happen, or None when no word of it says."""
    words = [caption.verb, *(singular(bare(token)) for token in caption.complement.split())]
    return next((ACTION_MEDIUM[word] for word in words if word in ACTION_MEDIUM), None)


def _in_order(entries: Iterable[str], old: set[str], caption: Caption, key: str, seed: int) -> list[str]:
    """Return the entries that hold none of the nouns `old`, in the clip's own order.

    Those that share any word with the caption come last. Ordering by hash needs no random generator, so that the
    order is the same with every version of every library.
    """
    said = _words(caption.text)
    fresh = [entry for entry in entries if not old & _words(entry)]
    return sorted(fresh, key=lambda entry: (bool(said & _words(entry)), seed_of(f"{key}\0{entry}", seed)))


def _words(text: str) -> set[str]:
    return {singular(bare(token)) for token in text.split()} - _SMALL_WORDS


def _first_new(texts: Iterable[str], taken: Sequence[str], key: str) -> str:
    folded = {_folded(text) for text in taken}
    for text in islice(texts, _TRIES):
        if _folded(text) not in folded:
            return text
    raise ItemError(f"clip {key!r}: its {len(taken)} prompts use every subject or scene of the grammar; give it fewer")


def _folded(text: str) -> str:
    return text.casefold().rstrip(" .!?")
