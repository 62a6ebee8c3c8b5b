from __future__ import annotations

import pytest

from annotate.captions import caption_for
from annotate.category import category_of


@pytest.mark.parametrize(
    ("text", "categories", "objects", "expected"),
    [
        ("A woman wearing a blue dress is dancing.", (), 1, "human"),
        ("Two men are dancing.", (), 2, "human"),
        ("A group of schoolgirls is running.", (), 0, "human"),
        ("A girl and a dog are running.", (), 2, "human"),
        ("A dog and a girl are running.", (), 2, "human"),
        ("A hockey player skates.", (), 1, "human"),
        ("Something is moving.", ("snowboard", "person"), 2, "human"),
        ("A dog is running in front of a man.", (), 1, "single_object"),
        ("A robot is dancing.", (), 1, "single_object"),
        ("Two dogs are running.", ("dog", "dog"), 2, "multiple_objects"),
        ("Something is moving.", (), 3, "multiple_objects"),
        ("The camera pans across a mountain range.", (), 0, "camera"),
        ("Something is moving.", ("giant_panda",), 1, "single_object"),
    ],
)
def test_the_category_says_what_moves(text: str, categories: tuple[str, ...], objects: int, expected: str) -> None:
    assert category_of(caption_for("", text, ()), categories, objects) == expected


def test_a_person_in_a_made_caption_counts_as_human() -> None:
    assert category_of(caption_for("bmx-trees", None, ()), (), 2) == "human"
