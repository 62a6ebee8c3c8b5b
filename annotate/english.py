"""The few rules of English that captions and prompts are made with; no dictionary and no model."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text that are parted by spaces."""
    return frozenset(text.split())


NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
DETERMINERS = word_set("a an the this that these those his her its their my our your one another some")
PLACE_PREPOSITIONS = word_set(
    "in on at down up through across along over under around beside near by into onto towards toward past behind "
    "inside outside between among amid against above below beneath underneath off within beyond from to"
)

_PLURAL_STARTS = frozenset(NUMBERS[2:]) | word_set("several many few both these those multiple various")
_PLURAL_PRONOUNS = word_set("we you they")
_COLLECTIONS = word_set(
    "group pair couple lot number bunch herd flock pack team crowd row line school swarm trio family colony fleet "
    "dozen hundred"
)
_OF_A_THING = _COLLECTIONS | word_set("front top middle edge side back close-up surface body")
_PLURALS = {
    "man": "men", "woman": "women", "person": "people", "child": "children", "goose": "geese", "mouse": "mice",
    "foot": "feet", "wolf": "wolves", "calf": "calves", "leaf": "leaves", "knife": "knives", "zombie": "zombies",
    "superhero": "superheroes", "taxi": "taxis", "ski": "skis", "sheep": "sheep", "deer": "deer", "fish": "fish",
    "goldfish": "goldfish", "aircraft": "aircraft",
}  # fmt: skip
_SINGULARS = {plural: singular for singular, plural in _PLURALS.items()}
_MODIFIER_STARTS = PLACE_PREPOSITIONS | word_set("of with without who which that while as for")
_CONSONANT_SOUND = re.compile(r"(uni(?!n)|use|usu|uku|eu|ewe|one\b|once)", re.IGNORECASE)
_SILENT_H = re.compile(r"(hour|honest|honou?r|heir)", re.IGNORECASE)
_OUTER_PUNCTUATION = " .!?,;:。！？、\"'“”‘’()[]"


def clean(text: str) -> str:
    """Return `text` in Unicode form NFC without control characters, every run of whitespace made one space."""
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    kept = (char for char in text if unicodedata.category(char) not in ("Cc", "Cs") and char not in "\ufeff\u200b")
    return " ".join("".join(kept).split())


def bare(token: str) -> str:
    """Return a token in small letters without the punctuation around it."""
    return token.strip(_OUTER_PUNCTUATION).lower()


def trimmed(phrase: str) -> str:
    """Return a phrase without the punctuation and spaces around it; brackets and quotes that belong to it stay."""
    return phrase.lstrip(" .!?,;:").rstrip(" .!?,;:。！？、")


def with_article(noun: str) -> str:
    """Put `a` or `an` before a noun phrase, by its first sound."""
    vowel = (noun[:1].lower() in "aeiou" and not _CONSONANT_SOUND.match(noun)) or bool(_SILENT_H.match(noun))
    return f"{'an' if vowel else 'a'} {noun}"


def plural(noun: str) -> str:
    """Return the plural of a noun phrase that ends in its noun."""
    *before, last = noun.split(" ")
    if last in _PLURALS:
        last = _PLURALS[last]
    elif last.endswith("man") and not last.endswith("human"):
        last = f"{last[:-3]}men"
    elif re.search(r"(s|x|z|ch|sh)$", last):
        last += "es"
    elif re.search(r"[^aeiou]y$", last):
        last = f"{last[:-1]}ies"
    else:
        last += "s"
    return " ".join([*before, last])


def singular(word: str) -> str:
    """Return the singular of a plural noun, and any other word unchanged."""
    if word in _SINGULARS:
        return _SINGULARS[word]
    if word.endswith("men") and len(word) > 4:
        return f"{word[:-3]}man"
    if re.search(r"[^aeiou]ies$", word) and len(word) > 4:
        return f"{word[:-3]}y"
    if re.search(r"(ss|x|z|ch|sh|[bmp]us)es$", word):
        return word[:-2]
    if word.endswith("s") and not re.search(r"(ss|us|is|gas|lens)$", word) and len(word) > 3:
        return word[:-1]
    return word


def participle(base: str) -> str:
    """Return the -ing form of a verb's base form: run, running; ride, riding; lie, lying."""
    if base.endswith("ie"):
        return f"{base[:-2]}ying"
    if base.endswith("e") and not base.endswith(("ee", "oe", "ye")):
        return f"{base[:-1]}ing"
    if re.fullmatch(r"[^aeiou]*(qu)?[aeiou][^aeiouwxy]", base):
        return f"{base}{base[-1]}ing"
    return f"{base}ing"


def noun_part(phrase: str) -> str:
    """Return the part of a noun phrase before what follows its noun: `a man in a hat` gives `a man`."""
    tokens = phrase.split()
    for i in range(1, len(tokens)):
        word, before = bare(tokens[i]), bare(tokens[i - 1])
        if word == "of" and singular(before) in _OF_A_THING:
            continue
        attribute = word.endswith("ing") and before not in DETERMINERS and (before[-1:] == "s" or i + 2 < len(tokens))
        if word in _MODIFIER_STARTS or attribute or word in ("dressed", "-", "–", "—"):
            return trimmed(" ".join(tokens[:i]))
    return trimmed(phrase)


def head_noun(phrase: str) -> str:
    """Return the noun that a noun phrase or a phrase of place is about, singular, in small letters.

    >>> head_noun("Two women wearing hats"), head_noun("down a snowy mountain slope"), head_noun("in front of a house")
    ('woman', 'slope', 'house')
    """
    tokens = phrase.split()
    while len(tokens) > 1 and bare(tokens[0]) in PLACE_PREPOSITIONS:
        tokens = tokens[1:]
    words = noun_part(" ".join(tokens)).split()
    return singular(bare(words[-1])) if words else ""


def coordinated(phrase: str) -> list[str]:
    """Split `a man, a woman and two dogs` into its members; one phrase (`a black and white cow`) stays one."""
    whole = noun_part(phrase)
    members = [member for member in re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", whole) if member]
    return members if all(_stands_alone(member) for member in members) else [whole]


def is_plural(phrase: str) -> bool:
    """Say whether a noun phrase takes `are`."""
    if len(coordinated(phrase)) > 1:
        return True
    words = [bare(token) for token in noun_part(phrase).split()]
    if not words:
        return False
    if words[0] in _PLURAL_STARTS | _PLURAL_PRONOUNS or (words[0].isdigit() and words[0] != "1"):
        return True
    if words[0] in ("a", "an", "one", "this", "that", "another") and not _is_collection(words):
        return False
    return singular(words[-1]) != words[-1]


def quantity(phrase: str) -> str:
    """Return the words that say how many a plural noun phrase means, or nothing: `two`, `a group of`, `several`."""
    words = [bare(token) for token in noun_part(phrase).split()]
    if _is_collection(words):
        return " ".join(words[: words.index("of") + 1])
    if words[:2] == ["a", "few"]:
        return "a few"
    return words[0] if words and (words[0] in _PLURAL_STARTS or (words[0].isdigit() and words[0] != "1")) else ""


def joined(phrases: Sequence[str]) -> str:
    """Join phrases as a list in a sentence: `a, b and c`."""
    return " and ".join(filter(None, [", ".join(phrases[:-1]), phrases[-1]]))


def sentence(subject: str, plural: bool, verb: str, *rest: str) -> str:
    """Return `<Subject> is <verb> <rest>.` or the same with `are`; empty parts are left out."""
    auxiliary = "are" if plural else "am" if subject == "I" else "is"
    text = " ".join(filter(None, [subject, auxiliary, verb, *rest]))
    return f"{text[:1].upper()}{text[1:]}."


def _stands_alone(member: str) -> bool:
    words = [bare(word) for word in member.split()]
    return (len(words) > 1 and words[0] in DETERMINERS | _PLURAL_STARTS) or singular(words[-1]) != words[-1]


def _is_collection(words: Sequence[str]) -> bool:
    return "of" in words and singular(words[words.index("of") - 1]) in _COLLECTIONS
