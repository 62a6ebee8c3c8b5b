"""Find subject, verb, complement and scene in a caption, by rules and a short list of verbs."""

from __future__ import annotations

import re
from typing import NamedTuple

from annotate.english import (
    DETERMINERS,
    PLACE_PREPOSITIONS,
    bare,
    head_noun,
    is_plural,
    participle,
    quantity,
    trimmed,
    word_set,
)
from annotate.vocabulary import IRREGULAR_PAST, VERBS, kind_of

UNKNOWN_SUBJECT = "Something"
UNKNOWN_VERB = "moving"
_MOST_WORDS = 200

_BE_PLURAL = word_set("are were")
_AUXILIARIES = _BE_PLURAL | word_set("is was am has have had can will starts begins keeps start begin keep")
_FILLERS = word_set("be been not also still now just then seen shown currently to")
_ATTRIBUTES = word_set("wearing having holding carrying")
_NOUNS_IN_ING = word_set(
    "something nothing anything everything morning evening ceiling building wedding clothing during railing pudding "
    "lightning sibling duckling gosling darling viking herring starling earring according including"
)
_RELATIVE = word_set("who which that")
_PLACE_ADVERBS = word_set("outdoors indoors outside inside underwater downhill uphill")
_SIDE_CLAUSE = re.compile(
    r",\s+(?=\w+ing\b|(?:while|as|with|and|then|but|which|who|where)\b)|\s+while\s+", re.IGNORECASE
)
_LEAD_IN = re.compile(
    r"^(?:there\s+(?:is|are)|here\s+(?:is|are)|(?:we|you)\s+(?:can\s+)?see|(?:this\s+is\s+)?(?:(?:a|an|the|this)\s+)?"
    r"(?:short\s+)?(?:video|clip|footage|shot|scene|photo|picture|image)s?\s+(?:of|shows|showing|features|depicts))\s+",
    re.IGNORECASE,
)


class Parse(NamedTuple):
    """The parts of a caption: `<subject> is|are <verb> <complement> <scene>`."""

    subject: str
    plural: bool
    verb: str
    complement: str
    scene: str


class _Predicate(NamedTuple):
    """Where the predicate of a sentence stands: tokens [0, start) are the subject, [end, ..) follow the verb."""

    start: int
    end: int
    verb: str
    plural: bool | None


def parse(text: str) -> Parse:
    """Split a caption into its parts, by the first of its sentences that has a verb.

    A verb is looked for as `is|are ...-ing`, then as the first -ing form, or present or past form of a known verb,
    that stands without one. A caption without any gets the verb `moving`; one without a subject, or in another
    language, gets the subject `Something`. What stands before a leading comma (`In a park, ...`) is the scene when
    nothing else is. Only the first 200 words are read. Any text gives a parse.
    """
    text = " ".join(text.split()[:_MOST_WORDS])
    sentences = [part for part in re.split(r"(?<=[.!?。！？])\s+", text) if trimmed(part)]
    parses = [_parse_sentence(trimmed(part)) for part in sentences] or [_parse_sentence("")]
    return next((found for found, has_verb in parses if has_verb), parses[0][0])


def is_participle(word: str) -> bool:
    """Say whether a word in small letters looks like the -ing form of a verb."""
    stem = word.removesuffix("ing")
    return word.endswith("ing") and word not in _NOUNS_IN_ING and re.search(r"[aeiouy]", stem) is not None


def _parse_sentence(text: str) -> tuple[Parse, bool]:
    """Return the parse of one sentence, and whether a verb was found in it."""
    text, place_before = _without_opening(text)
    tokens = text.split()
    words = [bare(token) for token in tokens]
    predicate = _with_auxiliary(words) or _without_auxiliary(words)
    if predicate is None:
        return _without_verb(tokens, words, place_before), False
    subject, adverbs = _subject(tokens[: predicate.start], words)
    manner = tokens[predicate.start : predicate.end - 1] if predicate.end - predicate.start > 1 else []
    adverbs += [token for token in manner if bare(token).endswith("ly")]
    complement, scene = _complement_and_scene(" ".join(tokens[predicate.end :]))
    plural = is_plural(subject) if predicate.plural is None else predicate.plural
    complement = " ".join(filter(None, [complement, *adverbs]))
    return Parse(subject, plural, predicate.verb, complement, scene or place_before), True


def _without_opening(text: str) -> tuple[str, str]:
    """Take off `There is`, `A video of` and an opening phrase with its comma; return the rest, and that phrase."""
    text = _LEAD_IN.sub("", text)
    opening, comma, rest = text.partition(",")
    first = bare(opening.partition(" ")[0])
    if comma and rest.strip() and first in PLACE_PREPOSITIONS | {"as", "while", "when", "during"}:
        return trimmed(rest), f"{opening[:1].lower()}{opening[1:]}" if first in PLACE_PREPOSITIONS else ""
    return text, ""


def _with_auxiliary(words: list[str]) -> _Predicate | None:
    """Find `is dancing`; one inside `who is wearing a hat` only when there is no other."""
    found = []
    for start, word in enumerate(words):
        if word not in _AUXILIARIES:
            continue
        end = start + 1
        while end < len(words) and (words[end] in _FILLERS or words[end].endswith("ly")):
            end += 1
        if end < len(words) and is_participle(words[end]):
            plural = word in _BE_PLURAL if word in _BE_PLURAL | {"is", "was"} else None
            inside = start > 0 and words[start - 1] in _RELATIVE
            found.append((inside, _Predicate(start, end + 1, words[end], plural)))
    return min(found, key=lambda candidate: candidate[0], default=(False, None))[1]


def _without_auxiliary(words: list[str]) -> _Predicate | None:
    """Find `a bear walking` or `a dog runs`, whichever comes first; `a man wearing a hat` only if there is no other."""
    found = []
    for i, word in enumerate(words):
        if i and words[i - 1] in DETERMINERS | PLACE_PREPOSITIONS | {"of", "with", "and"}:
            continue
        if is_participle(word):
            found.append((word in _ATTRIBUTES, _Predicate(i, i + 1, word, None)))
        elif i and (base := _finite(word, " ".join(words[:i]))):
            found.append((False, _Predicate(i, i + 1, participle(base), None)))
    return min(found, key=lambda candidate: candidate[0], default=(False, None))[1]


def _finite(word: str, subject: str) -> str | None:
    """Return the base form of a present or past form of a known verb that agrees with its subject."""
    if word in IRREGULAR_PAST:
        return IRREGULAR_PAST[word]
    bases = []
    if word.endswith("ed") and word not in VERBS:
        bases = [f"{word[:-3]}y"] if word.endswith("ied") else [word[:-2], word[:-1], word[:-3]]
    elif is_plural(subject) and not quantity(subject).endswith(" of"):
        bases = [word]
    elif word.endswith("s") and (subject.startswith(("a ", "an ")) or not kind_of(word)):  # not `some boxes`
        bases = [f"{word[:-3]}y"] if word.endswith("ies") else [word[:-1], word[:-2]]
    return next((base for base in bases if base in VERBS), None)


def _without_verb(tokens: list[str], words: list[str], place_before: str) -> Parse:
    """Read `a red car on a road` and `a dog is on the grass`: the noun phrase moves."""
    cut = next((i for i, word in enumerate(words) if i and word in _AUXILIARIES), None)
    if cut is not None:
        subject, rest = tokens[:cut], tokens[cut + 1 :]
    else:
        place = _scene_start(words)
        place = len(tokens) if place in (None, 0) else place
        subject, rest = tokens[:place], tokens[place:]
    scene = _complement_and_scene(" ".join(rest))[1]
    name = trimmed(" ".join(subject))
    if not _is_noun_phrase(name):
        name = UNKNOWN_SUBJECT
    return Parse(name, is_plural(name), UNKNOWN_VERB, "", scene or place_before)


def _is_noun_phrase(text: str) -> bool:
    """Say whether a text without a verb can be a subject, so that another language's sentence is not taken for one."""
    first = bare(text.partition(" ")[0])
    return first in DETERMINERS or bool(quantity(text)) or kind_of(head_noun(text)) is not None


def _subject(tokens: list[str], words: list[str]) -> tuple[str, list[str]]:
    """Return the subject, and the adverbs that stood between it and its verb."""
    cut = next(
        (
            i
            for i, word in enumerate(words[: len(tokens)])
            if i and word in _AUXILIARIES and words[i - 1] not in _RELATIVE
        ),
        len(tokens),
    )
    tokens, adverbs = tokens[:cut], []
    while len(tokens) > 2 and bare(tokens[-1]).endswith("ly"):
        adverbs.insert(0, trimmed(tokens.pop()))
    return trimmed(" ".join(tokens)) or UNKNOWN_SUBJECT, adverbs


def _complement_and_scene(predicate: str) -> tuple[str, str]:
    """Split what follows the verb where the first phrase of place begins; a clause beside the main one is left out."""
    tokens = trimmed(_SIDE_CLAUSE.split(predicate)[0]).split()
    start = _scene_start([bare(token) for token in tokens])
    start = len(tokens) if start is None else start
    return trimmed(" ".join(tokens[:start])), trimmed(" ".join(tokens[start:]))


def _scene_start(words: list[str]) -> int | None:
    """Return where a phrase of place begins; `up and down`, `up on` and `to catch` do not begin one."""
    for i, word in enumerate(words):
        follower = words[i + 1] if i + 1 < len(words) else ""
        if word in _PLACE_ADVERBS and (not follower or follower not in DETERMINERS):
            return i
        if word not in PLACE_PREPOSITIONS or not follower or follower in PLACE_PREPOSITIONS | {"and", "or"}:
            continue
        if word != "to" or follower in DETERMINERS:
            return i
    return None
