from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.captions import Caption, caption_for
from annotate.english import head_noun, participle, plural, sentence, singular, with_article
from annotate.prompts import MOST_PROMPTS, evaluation_prompts
from annotate.vocabulary import ACTIONS, NOUNS, PLACES, SCENES, SUBJECTS, VERBS
from benchmark.errors import InputError, ItemError

DANCE = caption_for("", "A woman in a blue dress is dancing on the ground in front of a lot of people.", ())
SNOWBOARD = caption_for("", "A person is snowboarding down a snowy mountain slope.", ())
GIVEN = (
    " An astronaut is dancing on mars.  ",
    "A gorilla is dancing on the beach.  ",
    "",
    "A robot is dancing on the stage.",
)

nouns = st.sampled_from(sorted(noun for kind in NOUNS.values() for noun in kind if noun not in ("he", "she", "they")))
verbs = st.sampled_from(sorted(VERBS)).map(participle)
scenes = st.sampled_from([*PLACES.values(), *(scene for group in SCENES.values() for scene in group)])


def texts_of(caption: Caption, key: str = "clip", **options: object) -> dict[str, str]:
    return {prompt.id: prompt.text for prompt in evaluation_prompts(caption, key=key, seed=0, **options)}  # type: ignore[arg-type]


def test_a_clip_has_five_prompts_of_both_and_one_of_each_other_kind() -> None:
    prompts = evaluation_prompts(DANCE, key="dance-twirl", seed=0)
    assert [prompt.id for prompt in prompts] == [
        *(f"foreground_background_{number}" for number in range(1, 6)),
        "caption",
        "subject",
        "scene",
    ]
    assert [prompt.kind for prompt in prompts] == [*["foreground_background"] * 5, "caption", "subject", "scene"]


def test_each_kind_swaps_what_its_name_says() -> None:
    texts = texts_of(DANCE)
    assert texts["caption"] == DANCE.text
    assert re.fullmatch(r"An? [\w -]+ is dancing on the ground in front of a lot of people\.", texts["subject"])
    assert texts["scene"].startswith("A woman in a blue dress is dancing ")
    assert "ground" not in texts["scene"]
    for number in range(1, 6):
        text = texts[f"foreground_background_{number}"]
        assert " is dancing " in text
        assert not re.search("woman|ground|people", text), text


def test_prompts_depend_on_the_clip_and_the_seed_alone() -> None:
    assert evaluation_prompts(DANCE, key="a", seed=1) == evaluation_prompts(DANCE, key="a", seed=1)
    assert evaluation_prompts(DANCE, key="a", seed=1) != evaluation_prompts(DANCE, key="b", seed=1)
    assert evaluation_prompts(DANCE, key="a", seed=1) != evaluation_prompts(DANCE, key="a", seed=2)


def test_a_caption_without_scene_keeps_none_when_only_its_subject_is_swapped() -> None:
    texts = texts_of(caption_for("judo", None, ()))
    assert texts["subject"].endswith(" is doing judo.")
    assert texts["scene"].startswith("A person is doing judo ")


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("Two men are dancing.", r"Two \w[\w ]*s? are dancing\.|Two snowmen are dancing\."),
        ("Dogs are jumping.", r"\w[\w ]*s are jumping\.|Wolves are jumping\."),
        ("A group of people is hiking.", r"A group of \w[\w ]* is hiking\."),
        ("A cat and two dogs are running.", r"An? \w[\w ]* and two \w[\w ]* are running\."),
        ("I am walking my dog.", r"An? \w[\w ]* is walking my dog\."),
    ],
)
def test_a_new_subject_has_the_number_of_the_old(text: str, pattern: str) -> None:
    for key in "abcdefgh":
        swapped = texts_of(caption_for("", text, ()), key)["subject"]
        assert re.fullmatch(pattern, swapped), swapped


@pytest.mark.parametrize(
    ("text", "group", "medium"),
    [
        ("A man is dancing.", "figure", "ground"),
        ("A person is paragliding.", "figure", "air"),
        ("A surfer rides a big wave.", "figure", "water"),
        ("A girl is skiing.", "figure", "snow"),
        ("A dog is running.", "animal", "ground"),
        ("A dog is swimming.", "swimmer", "water"),
        ("A swan is moving.", "swimmer", "water"),
        ("A goose is flying.", "flyer", "air"),
        ("A car is turning.", "vehicle", "ground"),
        ("A plane is landing.", "aircraft", "air"),
        ("A boat is turning.", "boat", "water"),
        ("A ball is rolling.", "thing", "ground"),
        ("Something is moving.", "figure", "ground"),
    ],
)
def test_new_subjects_can_do_it_and_new_scenes_suit_it(text: str, group: str, medium: str) -> None:
    swapped = texts_of(caption_for("", text, ()))["foreground_background_1"]
    assert any(swapped.lower().startswith(with_article(noun)) for noun in SUBJECTS[group]), swapped
    assert any(swapped.endswith(f" {scene}.") for scene in SCENES[medium]), swapped  # type: ignore[index]


def test_given_prompts_take_the_place_of_the_grammars_and_none_is_added() -> None:
    prompts = evaluation_prompts(DANCE, key="clip", seed=0, given=GIVEN)
    assert [(prompt.id, prompt.text) for prompt in prompts][:3] == [
        ("foreground_background_1", "An astronaut is dancing on mars."),
        ("foreground_background_2", "A gorilla is dancing on the beach."),
        ("foreground_background_3", "A robot is dancing on the stage."),
    ]
    assert [prompt.kind for prompt in prompts][3:] == ["caption", "subject", "scene"]


def test_blank_given_prompts_leave_the_grammars() -> None:
    assert evaluation_prompts(DANCE, key="clip", seed=0, given=["", " \n"]) == evaluation_prompts(
        DANCE, key="clip", seed=0
    )


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (["A robot is dancing.", " a robot is  dancing "], "'a robot is dancing' stands twice"),
        ([DANCE.text], "is the caption"),
    ],
)
def test_given_prompts_that_repeat_are_refused_with_the_clip_and_the_text(given: list[str], problem: str) -> None:
    with pytest.raises(ItemError, match=problem) as error:
        evaluation_prompts(DANCE, key="dance-twirl", seed=0, given=given)
    assert "dance-twirl" in str(error.value)


def test_the_grammar_steps_aside_for_given_prompts_that_it_would_have_made() -> None:
    usual = texts_of(SNOWBOARD)
    given = [usual["subject"], usual["scene"]]
    texts = list(texts_of(SNOWBOARD, given=given).values())
    assert len(set(texts)) == len(texts) == 5


def test_a_clip_whose_given_prompts_leave_no_subject_is_refused_rather_than_repeated() -> None:
    caption = caption_for("", "A boat is turning.", ())
    given = [f"{with_article(boat).capitalize()} is turning." for boat in SUBJECTS["boat"]]
    with pytest.raises(ItemError, match="use every subject"):
        evaluation_prompts(caption, key="clip", seed=0, given=given)


@pytest.mark.parametrize("count", [-1, MOST_PROMPTS + 1])
def test_a_count_that_the_vocabulary_cannot_meet_is_refused(count: int) -> None:
    with pytest.raises(InputError, match=f"{count} prompts"):
        evaluation_prompts(DANCE, key="clip", seed=0, count=count)


@pytest.mark.parametrize("count", range(MOST_PROMPTS + 1))
def test_the_grammar_makes_as_many_prompts_as_asked(count: int) -> None:
    kinds = [prompt.kind for prompt in evaluation_prompts(DANCE, key="clip", seed=0, count=count)]
    assert kinds.count("foreground_background") == count


def test_every_group_is_large_enough_whatever_noun_is_left_out() -> None:
    for entries in [*SUBJECTS.values(), *SCENES.values()]:
        words = [{singular(word) for word in entry.lower().split()} for entry in entries]
        for head in {head_noun(entry) for entry in entries}:
            left = sum(head not in entry for entry in words)
            assert left > MOST_PROMPTS, f"without {head!r} only {left} of {entries} are left"


def test_the_vocabulary_holds_no_entry_twice() -> None:
    for entries in [*SUBJECTS.values(), *SCENES.values()]:
        assert len(set(entries)) == len(entries)
    assert len({subject for group in SUBJECTS.values() for subject in group}) >= 30
    assert len({scene for group in SCENES.values() for scene in group}) >= 30


@given(nouns, verbs, scenes, st.booleans(), st.text())
def test_no_prompt_keeps_what_it_should_swap(noun: str, verb: str, scene: str, many: bool, key: str) -> None:
    subject = f"two {plural(noun)}" if many else with_article(noun)
    caption = caption_for("", sentence(subject, many, verb, scene), ())
    assert (caption.verb, caption.scene) == (verb, scene)
    texts = texts_of(caption, key)
    old_subject, old_scene = head_noun(subject), head_noun(scene)
    assert len(set(texts.values())) == 8
    for name, text in texts.items():
        before, after = re.split(rf" (?:is|are) {verb} ?", text, maxsplit=1)
        if name not in ("caption", "scene"):
            assert old_subject not in {singular(word) for word in before.lower().split()}, text
        if name not in ("caption", "subject"):
            assert old_scene not in {singular(word) for word in after.lower().rstrip(".").split()}, text


@given(st.sampled_from(sorted(ACTIONS)), nouns)
def test_names_of_sequences_give_grammatical_prompts(action: str, noun: str) -> None:
    caption = caption_for(f"{noun}-{action.replace(' ', '-')}", None, ())
    for text in texts_of(caption).values():
        assert re.fullmatch(r"[A-Z].* (is|are) \w+ing\b.*\.", text), text
        assert not re.search(r"\b[Aa] [aeio]|\b[Aa]n [^aeiouhSX]|  ", text), text


@given(st.text(), st.text(), st.integers(0, 2**63))
def test_any_caption_gives_eight_distinct_prompts_that_keep_the_verb(text: str, key: str, seed: int) -> None:
    caption = caption_for("", text, ())
    prompts = evaluation_prompts(caption, key=key, seed=seed)
    assert len({prompt.text for prompt in prompts}) == len(prompts) == 8
    assert all(caption.verb in prompt.text for prompt in prompts if prompt.kind != "caption")
