from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmark.errors import InputError, Unavailable
from benchmark.weights import WEIGHTS, Weights, fetch, locate, weights_named

hub = pytest.importorskip("huggingface_hub", reason="needs the package huggingface_hub")

NAME = "dinov2-base"
COMMIT = "0" * 40


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty hub cache, and a hub that nobody can reach."""
    path = tmp_path / "hub"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(path))
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    return path


def fill(folder: Path, *files: str) -> Path:
    folder.mkdir(parents=True)
    for file in files or WEIGHTS[NAME].files:
        (folder / file).write_bytes(b"x")
    return folder


def cached(cache: Path, *files: str) -> Path:
    """Lay weights out as the hub's own cache does."""
    repository = cache / ("models--" + WEIGHTS[NAME].source.replace("/", "--"))
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / WEIGHTS[NAME].revision).write_text(COMMIT)
    return fill(repository / "snapshots" / COMMIT, *files)


@pytest.mark.parametrize("entry", WEIGHTS.values(), ids=lambda entry: entry.name)
def test_every_entry_says_all_that_a_user_must_know(entry: Weights) -> None:
    assert WEIGHTS[entry.name] is entry
    assert all([entry.files, entry.licence, entry.megabytes, entry.used_by])
    if entry.is_file:
        assert entry.files == (entry.source.rpartition("/")[2],), "the one file is known by its own name"
    else:
        assert entry.source.count("/") == 1
        assert entry.revision


def test_a_misspelt_name_gets_the_nearest() -> None:
    with pytest.raises(InputError, match=r"unknown weights 'dinov2-bas', expected .*; did you mean dinov2-base\?"):
        weights_named("dinov2-bas")
    with pytest.raises(InputError, match="unknown weights"):
        locate("dinov2-bas")
    with pytest.raises(InputError, match="unknown weights"):
        fetch("dinov2-bas")


def test_the_given_folder_comes_before_the_hubs_cache(tmp_path: Path, cache: Path) -> None:
    snapshot = cached(cache)
    assert locate(NAME) == snapshot
    assert locate(NAME, tmp_path / "weights") == snapshot
    given = fill(tmp_path / "weights" / NAME)
    assert locate(NAME, tmp_path / "weights") == given


def test_weights_that_are_nowhere_are_unavailable_with_the_exact_cure() -> None:
    with pytest.raises(Unavailable) as missing:
        locate(NAME)
    assert missing.value.cure == f"vmtbench fetch {NAME}"
    assert str(missing.value) == (f"weights {NAME} (facebook/dinov2-base) are not here; run: vmtbench fetch {NAME}")
    assert str(pickle.loads(pickle.dumps(missing.value))) == str(missing.value), "lost on the way from a worker"


def test_a_half_fetched_cache_is_not_taken_for_weights(cache: Path) -> None:
    cached(cache, "config.json")
    with pytest.raises(Unavailable, match=f"vmtbench fetch {NAME}"):
        locate(NAME)


def test_a_given_folder_that_lacks_a_file_is_named(tmp_path: Path) -> None:
    fill(tmp_path / NAME, "config.json")
    with pytest.raises(InputError, match=r"dinov2-base lacks preprocessor_config\.json, model\.safetensors"):
        locate(NAME, tmp_path)


def test_without_the_hubs_package_the_cure_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    for look in (locate, fetch):
        with pytest.raises(Unavailable) as missing:
            look(NAME)
        assert missing.value.cure == "pip install 'vmtbench[models]'"
    assert locate(NAME, fill(tmp_path / NAME).parent) == tmp_path / NAME


def test_what_is_here_is_not_fetched(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "snapshot_download", _only_local(hub.snapshot_download))
    snapshot = cached(cache)
    assert fetch(NAME) == snapshot
    assert fetch(NAME, fill(tmp_path / "weights" / NAME).parent, offline=True) == tmp_path / "weights" / NAME


def _only_local(download: Callable[..., str]) -> Callable[..., str]:
    def local(*arguments: object, **options: object) -> str:
        assert options.get("local_files_only"), "the hub was asked for what is here"
        return download(*arguments, **options)

    return local


def test_offline_never_asks_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "snapshot_download", _only_local(hub.snapshot_download))
    with pytest.raises(InputError, match="--offline forbids the download; run without --offline"):
        fetch(NAME, offline=True)


def test_a_hub_that_cannot_be_reached_says_what_to_do_instead() -> None:
    with pytest.raises(
        InputError, match=r"could not be fetched.*check the network, or put config\.json, .* --weights FOLDER"
    ):
        fetch(NAME)


def test_a_fetch_that_was_interrupted_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / NAME, "config.json")

    def download(source: str, *, revision: str, allow_patterns: list[str], local_dir: Path, **_: object) -> str:
        for file in allow_patterns:
            (local_dir / file).touch()
        return str(local_dir)

    with pytest.raises(InputError, match="lacks"):
        fetch(NAME, tmp_path, offline=True)
    monkeypatch.setattr(hub, "snapshot_download", download)
    assert fetch(NAME, tmp_path) == tmp_path / NAME


def test_importing_the_registry_does_not_import_the_hub(script: Callable[[str], Any]) -> None:
    out = script("import sys, benchmark.weights; print('huggingface_hub' in sys.modules)").run()
    assert out == "False\n"
