from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotate.captions import caption_for
from annotate.english import noun_part, participle, plural, singular, with_article
from annotate.vocabulary import SUBJECTS, VERBS


@pytest.mark.parametrize(
    ("text", "subject", "plural", "verb", "complement", "scene"),
    [
        (
            "A woman wearing a blue dress is dancing on the ground in front of a lot of people.",
            "A woman wearing a blue dress", False, "dancing", "", "on the ground in front of a lot of people",
        ),
        (
            "A person is snowboarding down a snowy mountain slope.",
            "A person", False, "snowboarding", "", "down a snowy mountain slope",
        ),
        ("A dog runs through a forest.", "A dog", False, "running", "", "through a forest"),
        ("People surf in the sea", "People", True, "surfing", "", "in the sea"),
        ("A man walked down the road.", "A man", False, "walking", "", "down the road"),
        ("a bear walking in a zoo", "a bear", False, "walking", "", "in a zoo"),
        ("A person riding waves in the ocean", "A person", False, "riding", "waves", "in the ocean"),
        ("Two men in suits are dancing a tango on ice", "Two men in suits", True, "dancing", "a tango", "on ice"),
        ("A cat and a dog play in a garden.", "A cat and a dog", True, "playing", "", "in a garden"),
        ("A black and white cow walks in a field.", "A black and white cow", False, "walking", "", "in a field"),
        ("A flock of birds flies over the sea.", "A flock of birds", True, "flying", "", "over the sea"),
        ("A woman in a hat dances on stage.", "A woman in a hat", False, "dancing", "", "on stage"),
        ("A man who is in a hat is playing a guitar.", "A man who is in a hat", False, "playing", "a guitar", ""),
        ("In a park, a girl is slowly pushing a cart.", "a girl", False, "pushing", "a cart slowly", "in a park"),
        ("A monkey is jumping up and down in a cage.", "A monkey", False, "jumping", "up and down", "in a cage"),
        ("A man is skating on ice, holding a stick.", "A man", False, "skating", "", "on ice"),
        ("There are three dogs running on the beach.", "three dogs", True, "running", "", "on the beach"),
        ("The video shows a swan swimming on a lake. It is calm.", "a swan", False, "swimming", "", "on a lake"),
        ("Sunset. A horse gallops along the shore.", "A horse", False, "galloping", "", "along the shore"),
        ("a red car on a road", "a red car", False, "moving", "", "on a road"),
        ("A dog is on the grass.", "A dog", False, "moving", "", "on the grass"),
        ("Dancing on a stage", "Something", False, "dancing", "", "on a stage"),
        ("一个女人在跳舞。", "Something", False, "moving", "", ""),
        ("Some wooden boxes fall off a truck", "Some wooden boxes", True, "falling", "", "off a truck"),
        ("...a fox!", "a fox", False, "moving", "", ""),
    ],
)  # fmt: skip
def test_a_given_caption_is_parsed_by_rules(
    text: str, subject: str, plural: bool, verb: str, complement: str, scene: str
) -> None:
    caption = caption_for("0a7a2514aa", text, ())
    found = (caption.subject, caption.plural, caption.verb, caption.complement, caption.scene)
    assert found == (subject, plural, verb, complement, scene)


def test_a_given_caption_wins_over_the_name_and_loses_only_stray_whitespace() -> None:
    caption = caption_for("bmx-trees", "\ufeff A dog  runs\n in the Café's garden.  ", ("person",))
    assert caption.text == "A dog runs in the Café's garden."
    assert caption.origin == "data set"


@pytest.mark.parametrize("words", ["very ", "dog, ", "runs ", "is wearing who is ", "a cat and a dog, "])
@pytest.mark.timeout(5)
def test_a_long_caption_is_kept_whole_and_parsed_in_no_time(words: str) -> None:
    text = f"A dog is running in a field of {words * 50_000}long grass."
    caption = caption_for("dog", text, ())
    assert caption.text == text
    assert (caption.subject, caption.verb) == ("A dog", "running")


@pytest.mark.parametrize("blank", [None, "", " \n\t", "...", "\u200b"])
def test_a_caption_without_a_word_gives_way_to_the_name(blank: str | None) -> None:
    caption = caption_for("camel", blank, ())
    assert (caption.text, caption.origin) == ("A camel is moving.", "sequence name")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("dance-twirl", "A person is dancing and twirling."),
        ("bmx-trees", "A person is riding a BMX bike among trees."),
        ("dog-agility", "A dog is running an agility course."),
        ("car-roundabout", "A car is moving at a roundabout."),
        ("paragliding", "A person is paragliding."),
        ("rallye", "A car is racing."),
        ("kite-surf", "A person is kitesurfing."),
        ("kite-walk", "Something is walking with a kite."),
        ("cows", "Cows are moving."),
        ("dog-gooses", "A dog and geese are moving."),
        ("scooter-black", "A black scooter is moving."),
        ("elephant", "An elephant is moving."),
        ("lady-running", "A lady is running."),
        ("planes-crossing", "Planes are crossing."),
        ("night-race", "Something is racing at night."),
        ("red_fox_snow_02", "A red fox is moving in the snow."),
        ("DogRunning", "A dog is running."),
    ],
)
def test_a_name_gives_a_sentence_of_its_known_words(name: str, text: str) -> None:
    assert caption_for(name, None, ()).text == text


@pytest.mark.parametrize("name", ["0a7a2514aa", "cab1234567", "lucia", "IMG_2031", "", "-", "日本"])
def test_a_name_that_says_nothing_gives_a_caption_that_says_nothing(name: str) -> None:
    caption = caption_for(name, None, ())
    assert caption.text == "Something is moving."
    assert (caption.subject, caption.verb, caption.scene) == ("Something", "moving", "")


@pytest.mark.parametrize(
    ("categories", "text"),
    [
        (("person",), "A person is moving."),
        (("person", "snowboard"), "A person and a snowboard are moving."),
        (("person", "giant_panda", "dog", "dog"), "A person, a giant panda and two dogs are moving."),
        (("sheep", "sheep", "sheep"), "Three sheep are moving."),
        (("fish",) * 13, "13 fish are moving."),
        (("others", "airplane"), "An object and an airplane are moving."),
    ],
)
def test_object_categories_are_the_subject_when_there_is_no_caption(categories: tuple[str, ...], text: str) -> None:
    assert caption_for("0a7a2514aa", None, categories).text == text


def test_a_name_adds_what_is_done_and_where_to_the_categories() -> None:
    assert caption_for("surf-sunset", None, ("person", "person")).text == "Two people are surfing at sunset."


@given(st.text(), st.text(), st.lists(st.text(), max_size=4))
def test_any_text_gives_a_caption_with_all_that_must_not_be_empty(name: str, text: str, categories: list[str]) -> None:
    for caption in (caption_for(name, text, ()), caption_for(name, None, categories)):
        assert caption.text == " ".join(caption.text.split()), "stray whitespace is left in the caption"
        assert caption.text
        assert caption.subject
        assert caption.verb.endswith("ing"), f"{caption.verb!r} is no -ing form"


@given(st.sampled_from(sorted(VERBS)), st.sampled_from(sorted({noun for group in SUBJECTS.values() for noun in group})))
def test_every_known_verb_is_found_in_its_tenses(verb: str, noun: str) -> None:
    doing = participle(verb)
    for text in (f"{with_article(noun)} is {doing} here", f"two {plural(noun)} are {doing} here"):
        assert caption_for("", text, ()).verb == doing, text
    assert caption_for("", f"Some {plural(noun)} {verb} here", ()).verb == doing


@pytest.mark.parametrize(
    ("base", "form"),
    [("run", "running"), ("ride", "riding"), ("lie", "lying"), ("play", "playing"), ("row", "rowing"),
     ("box", "boxing"), ("flee", "fleeing"), ("swim", "swimming"), ("eat", "eating"), ("ski", "skiing")],
)  # fmt: skip
def test_verbs_take_their_ing_form(base: str, form: str) -> None:
    assert participle(base) == form


@pytest.mark.parametrize(
    ("noun", "phrase"),
    [("owl", "an owl"), ("unicorn", "a unicorn"), ("umbrella", "an umbrella"), ("hour", "an hour"),
     ("horse", "a horse"), ("one-wheeler", "a one-wheeler")],
)  # fmt: skip
def test_articles_follow_the_first_sound(noun: str, phrase: str) -> None:
    assert with_article(noun) == phrase


def test_every_new_subject_comes_back_from_its_plural() -> None:
    for group in SUBJECTS.values():
        for noun in group:
            last = noun.split(" ")[-1]
            assert singular(plural(last)) == last
            assert noun_part(noun) == noun
