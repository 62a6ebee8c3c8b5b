from __future__ import annotations

import pytest

from annotate.dis import DISTracker
from annotate.trackers import DATASET, TRACKERS, load_tracker
from benchmark.errors import InputError, Unavailable


@pytest.mark.parametrize("name", TRACKERS)
def test_every_tracker_loads_under_its_own_name(name: str) -> None:
    assert load_tracker(name).name == name


def test_the_settings_a_benchmark_records_of_a_tracker_load_it_again() -> None:
    assert isinstance(load_tracker("dis", dict(DISTracker().settings)), DISTracker)


def test_a_misspelt_tracker_gets_the_nearest_names() -> None:
    with pytest.raises(InputError, match="did you mean dis"):
        load_tracker("diss")


def test_tracks_made_with_other_settings_are_unavailable_with_the_cure() -> None:
    with pytest.raises(Unavailable, match=r"'preset': 'fast'.*run: .*--tracker dis"):
        load_tracker("dis", {"preset": "fast"})


@pytest.mark.parametrize("name", [DATASET, "cotracker9"])
def test_tracks_made_by_what_is_not_here_are_unavailable_with_the_cure(name: str) -> None:
    with pytest.raises(Unavailable, match=r"is not on this machine; run: .*--tracker dis"):
        load_tracker(name, {})
