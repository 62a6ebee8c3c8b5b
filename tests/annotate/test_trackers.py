from __future__ import annotations

from pathlib import Path

import pytest

from annotate.dis import DISTracker
from annotate.trackers import DATASET, TRACKERS, load_tracker
from benchmark.errors import InputError, Unavailable


def test_the_tracker_without_weights_loads_under_its_own_name() -> None:
    assert load_tracker("dis").name == "dis"


@pytest.mark.parametrize("name", sorted(set(TRACKERS) - {"dis"}))
def test_a_tracker_whose_weights_are_not_here_names_the_command_that_fetches_them(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(Unavailable, match=f"run: vmtbench fetch {name}$"):
        load_tracker(name)


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
