"""Captions: the data set's own sentence, or one made from the sequence's name and object categories."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from annotate.english import NUMBERS, clean, head_noun, is_plural, joined, plural, sentence, singular, with_article
from annotate.parsing import UNKNOWN_SUBJECT, UNKNOWN_VERB, is_participle, parse
from annotate.vocabulary import ACTIONS, COLOURS, PLACES, SPELLINGS, THING_ACTIONS, Action, kind_of

CaptionOrigin = Literal["data set", "sequence name"]

_UNNAMED = frozenset(["", "other", "others", "unknown", "none"])
_OPAQUE_ID = re.compile(r"(?=.*\d)[0-9a-f]{8,}")
_LARGEST_ACTIONS = 2


@dataclass(frozen=True)
class Caption:
    """A caption and its parts: `<subject> is|are <verb> <complement> <scene>`.

    Attributes:
        text: the caption; a given one is word for word what the data set says.
        subject: who or what acts, with all that describes it: `A woman wearing a blue dress`.
        plural: whether the subject takes `are`.
        verb: the -ing form of what it does: `dancing`.
        complement: what belongs to the verb: `a horse` in `riding a horse`; may be empty.
        scene: the phrase of place: `on the ground in front of a lot of people`; empty when the caption names none.
        origin: who said it.
    """

    text: str
    subject: str
    plural: bool
    verb: str
    complement: str
    scene: str
    origin: CaptionOrigin


def caption_for(name: str, given: str | None, categories: Sequence[str]) -> Caption:
    """Return the caption of a sequence.

    A given caption wins; only its stray whitespace goes. Without one (or with one that holds no word) the caption
    says what the object categories and the known words of the sequence's name say, and nothing else: unknown words
    are passed over, and a name without known words (`0a7a2514aa`) gives `Something is moving.`

    Args:
        name: the data set's name of the sequence, such as `bmx-trees`.
        given: the data set's own caption.
        categories: category of each annotated object, one entry per object; empty when the data set does not say.
    """
    text = clean(given or "")
    if any(char.isalnum() for char in text):
        return Caption(text, *parse(text), origin="data set")
    return _from_name(_known_words(name), categories)


def _from_name(words: Sequence[str], categories: Sequence[str]) -> Caption:
    actions = [action for word in words if (action := _action(word))][:_LARGEST_ACTIONS]
    things = _counted(categories) if categories else _named(words)
    places = [PLACES[word] for word in words if word in PLACES][:1]
    phrases = list(dict.fromkeys(action.phrase for action in actions)) or [UNKNOWN_VERB]
    held = []
    if things and all(_needs_a_doer(thing, phrases[0]) for thing in things):
        things, held = [], [f"with {joined(things)}"]
    doer = next((action.doer for action in actions if action.doer), None)
    subject = joined(things) if things else with_article(doer) if doer else UNKNOWN_SUBJECT
    subject = f"{subject[:1].upper()}{subject[1:]}"
    verb, _, complement = " and ".join(phrases).partition(" ")
    complement, scene = " ".join([*filter(None, [complement]), *held]), " ".join(places)
    many = is_plural(subject)
    text = sentence(subject, many, verb, complement, scene)
    return Caption(text, subject, many, verb, complement, scene, origin="sequence name")


def _known_words(name: str) -> list[str]:
    """Return the words of a sequence's name that the vocabulary knows; two that mean one thing (`kite-surf`) as one."""
    split_case = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name)
    tokens = [token.lower() for token in re.split(r"[\W_]+", split_case)]
    words = [token.rstrip("0123456789") for token in tokens if not _OPAQUE_ID.fullmatch(token)]
    known: list[str] = []
    while words:
        pair = " ".join(words[:2])
        size = 2 if len(words) > 1 and _is_known(pair) else 1
        word = " ".join(words[:size])
        if _is_known(word):
            known.append(SPELLINGS.get(word, word))
        words = words[size:]
    return known


def _is_known(word: str) -> bool:
    return word in SPELLINGS or word in PLACES or word in COLOURS or bool(_action(word) or kind_of(word))


def _action(word: str) -> Action | None:
    if word in ACTIONS:
        return ACTIONS[word]
    return Action(word) if " " not in word and is_participle(word) else None


def _named(words: Sequence[str]) -> list[str]:
    """Return the nouns of a name as noun phrases; a colour goes to the first of them."""
    nouns = [word for word in words if word not in ACTIONS and kind_of(head_noun(word))]
    colour = next((word for word in words if word in COLOURS), "")
    if nouns and colour:
        nouns[0] = f"{colour} {nouns[0]}"
    return [noun if singular(noun) != noun else with_article(noun) for noun in nouns]


def _counted(categories: Sequence[str]) -> list[str]:
    """Return `a person` and `two dogs` for the categories person, dog, dog."""
    nouns = [clean(category.replace("_", " ")).lower() for category in categories]
    counts = Counter("object" if noun in _UNNAMED else noun for noun in nouns)
    return [with_article(noun) if count == 1 else f"{_number(count)} {plural(noun)}" for noun, count in counts.items()]


def _number(count: int) -> str:
    return NUMBERS[count] if count < len(NUMBERS) else str(count)


def _needs_a_doer(thing: str, phrase: str) -> bool:
    """Say whether `thing` cannot do what `phrase` says, so that someone does it with the thing."""
    return kind_of(head_noun(thing)) == "thing" and phrase.partition(" ")[0] not in THING_ACTIONS
