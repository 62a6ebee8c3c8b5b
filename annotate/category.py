"""The category of a clip: what it is that moves."""

from __future__ import annotations

from collections.abc import Sequence

from annotate.captions import Caption
from annotate.english import coordinated, head_noun
from annotate.vocabulary import kind_of
from benchmark.manifest import Category


def category_of(caption: Caption, object_categories: Sequence[str], object_count: int) -> Category:
    """Return a clip's category, the first of these that holds.

    - `human`: the caption's subject, or one member of it (`a girl and a dog`), is a person by the word lists of
      `annotate.vocabulary`, or the data set names an object so. A person in the rest of the caption
      (`a dog in front of a man`) does not count.
    - `multiple_objects`: two objects or more.
    - `single_object`: one object.
    - `camera`: no object; all the motion that can be told is the camera's.

    Args:
        caption: the clip's caption.
        object_categories: the data set's category of each object, where it names them.
        object_count: how many objects are annotated.
    """
    nouns = [head_noun(member) for member in coordinated(caption.subject)]
    nouns += [head_noun(category.replace("_", " ").lower()) for category in object_categories]
    if any(kind_of(noun) == "person" for noun in nouns):
        return "human"
    if object_count == 0:
        return "camera"
    return "single_object" if object_count == 1 else "multiple_objects"
