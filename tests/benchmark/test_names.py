from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from benchmark.errors import InputError
from benchmark.manifest import Identifier
from benchmark.names import SPLIT_WORDS, clip_ids

WORDS = st.sampled_from([*sorted(SPLIT_WORDS), "TRAIN", "bear", "trainer", "-", "_", ".", " ", "1", "/", "é"])


def test_a_plain_name_is_its_own_id() -> None:
    assert clip_ids(["bear", "dance-twirl", "003234408d", "a.b_c"]) == ["bear", "dance-twirl", "003234408d", "a.b_c"]


def test_characters_that_a_file_cannot_hold_are_replaced() -> None:
    assert clip_ids(["my clip", "a/b\\c", "-x", "..", "été"]) == ["my-clip", "a-b-c", "x", "clip", "t"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("train", "trainseq"),
        ("Test-2", "Testseq-2"),
        ("dev_1", "devseq_1"),
        ("car.val", "car.valseq"),
        ("5eval5", "5evalseq5"),
    ],
)
def test_the_word_of_a_split_is_changed_where_it_stands_alone(name: str, expected: str) -> None:
    assert clip_ids([name]) == [expected]


def test_a_word_that_only_holds_a_splits_is_kept() -> None:
    assert clip_ids(["trainer", "latest", "devil", "evaluations"]) == ["trainer", "latest", "devil", "evaluations"]


def test_two_names_of_one_id_are_refused_with_both() -> None:
    with pytest.raises(InputError, match=r"'a b' and 'a-b' both give clip id 'a-b'.*rename one"):
        clip_ids(["a b", "c", "a-b"])


def test_the_words_are_those_of_the_installed_datasets() -> None:
    data_files = pytest.importorskip("datasets.data_files", reason="needs the package datasets")
    assert {*SPLIT_WORDS} == {word for words in data_files.SPLIT_KEYWORDS.values() for word in words}


def test_a_long_name_is_cut_to_an_id_without_the_word_of_a_split() -> None:
    assert clip_ids(["x" * 122 + "-trains"]) == ["x" * 122 + "-trai"], "cut to 128 characters it would end in -train"
    assert clip_ids(["x" * 200]) == ["x" * 128]


@given(st.text(max_size=200) | st.lists(WORDS, max_size=8).map("".join))
def test_any_name_gives_a_valid_id_without_the_word_of_a_split(name: str) -> None:
    (found,) = clip_ids([name])
    assert TypeAdapter(Identifier).validate_python(found) == found
    assert not SPLIT_WORDS.intersection(re.split(r"[-._ 0-9]+", found))
