from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmark.engine import Existing, Report, WorkOptions
from benchmark.errors import InputError, OutputError
from benchmark.files import sha256_of_file
from benchmark.generated import list_generated, list_methods
from benchmark.manifest import Prompt
from benchmark.store import Benchmark
from methods import registry
from methods.registry import CONTROLS, MethodInfo
from methods.run import MethodSpec, run_method, specs_for

COPY = MethodSpec("copy", "copy")
CLIPS = ("resting-crate", "sliding-tiles", "tumbling-dumbbell")

NOTED = """
import os, shutil
from pathlib import Path
from benchmark.errors import ItemError, TransientError

class Noted:
    version = "3"
    def __init__(self, notes, fail=""):
        self.notes, self.fail, self.settings = Path(notes), fail, {"fail": fail}
    def note(self, *words):
        with self.notes.open("a") as file:
            print(*words, file=file)
    def prepare(self, source):
        self.note("prepare", source.clip.id)
        if self.fail == "prepare" and source.clip.id == "sliding-tiles":
            raise ItemError("no features")
        return source.video
    def generate(self, source, state, request):
        self.note("generate", source.clip.id, request.prompt.id, request.seed)
        if self.fail == "once":
            self.fail = ""
            raise TransientError("the device is busy")
        shutil.copyfile(state, request.output)
    def release(self):
        self.note("release")
"""


@pytest.fixture
def noted(
    importable: Callable[[str, str], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., list[str]]:
    """Run a method that notes what the runner asks of it, and return the notes."""
    importable("noted_method", NOTED)
    monkeypatch.setitem(registry.METHODS, "noted", MethodInfo("command", "", "noted_method:Noted"))

    def run(bench: Benchmark, **settings: str) -> list[str]:
        spec = MethodSpec("noted", "noted", {"notes": str(tmp_path / "notes"), **settings})
        run_method(spec, bench, tmp_path / "out")
        return (tmp_path / "notes").read_text().splitlines()

    return run


def command(text: str, timeout: float = 30) -> MethodSpec:
    """A method that is a one-line Python program; its arguments are `output` and `source`."""
    words = [sys.executable, "-c", f"import shutil, sys, time; {text}"]
    return MethodSpec("mine", "command", {"template": f"{shlex.join(words)} {{output}} {{source}}", "timeout": timeout})


def first_clip(bench: Benchmark, clips: int = 1) -> Benchmark:
    return Benchmark(bench.root, bench.info, bench.clips[:clips])


def videos(out: Path) -> dict[str, str]:
    return {str(path.relative_to(out)): sha256_of_file(path) for path in out.rglob("*.mp4")}


def test_every_clip_and_prompt_has_a_video_and_its_record(bench: Benchmark, tmp_path: Path) -> None:
    report = run_method(COPY, bench, tmp_path)
    assert sorted(report.done) == [f"copy/{clip}/{prompt}" for clip in CLIPS for prompt in ("p0", "p1")]
    assert videos(tmp_path) == {
        f"copy/{clip.id}/{prompt.id}.mp4": clip.video.sha256 for clip in bench.clips for prompt in clip.prompts
    }
    record = json.loads((tmp_path / "copy" / CLIPS[0] / "p1.json").read_text())
    assert (record["seed"], record["prompt"], record["version"]) == (0, "A robot is resting on the moon.", "1")
    assert record["seconds"]["generate"] > 0
    assert record["peak_memory_bytes"] > 1_000_000
    assert record["device"]
    assert record["video"] == {
        "frames": 5, "height": 64, "width": 96, "fps": 12.0, "sha256": bench.clips[0].video.sha256
    }  # fmt: skip
    assert json.loads((tmp_path / "copy" / "method.json").read_text()) == {
        "label": "copy", "method": "copy", "version": "1", "settings": {}
    }  # fmt: skip


def test_what_was_made_is_found_by_whoever_scores_it(bench: Benchmark, tmp_path: Path) -> None:
    run_method(COPY, bench, tmp_path, seeds=(3,))
    run_method(MethodSpec("again", "copy"), bench, tmp_path, seeds=(1, 2))
    methods = list_methods(tmp_path, bench)
    assert [*methods] == ["again", "copy"]
    seeds = {name: {sample.seed for sample in list_generated(name, methods[name], bench)} for name in methods}
    assert seeds == {"again": {1, 2}, "copy": {3}}
    assert (tmp_path / "again" / CLIPS[0] / "p0@2.mp4").is_file()
    assert all(sample.path.is_file() for name in methods for sample in list_generated(name, methods[name], bench))


def test_a_second_run_keeps_everything_and_makes_what_is_missing(bench: Benchmark, tmp_path: Path) -> None:
    run_method(COPY, bench, tmp_path)
    gone = tmp_path / "copy" / CLIPS[1] / "p0.mp4"
    gone.unlink()
    report = run_method(COPY, bench, tmp_path)
    assert (report.done, len(report.kept)) == ([f"copy/{CLIPS[1]}/p0"], 5)


def test_a_changed_prompt_is_generated_again_and_no_other(bench: Benchmark, tmp_path: Path) -> None:
    run_method(COPY, bench, tmp_path)
    clip = bench.clips[0]
    prompts = (clip.prompts[0], Prompt(id="p1", kind="scene", text="Something else."))
    changed = Benchmark(bench.root, bench.info, (clip.model_copy(update={"prompts": prompts}), *bench.clips[1:]))
    assert run_method(COPY, changed, tmp_path).done == [f"copy/{CLIPS[0]}/p1"]


def test_other_settings_of_a_method_are_generated_again(bench: Benchmark, tmp_path: Path) -> None:
    run_method(command("shutil.copyfile(sys.argv[2], sys.argv[1])"), first_clip(bench), tmp_path)
    report = run_method(command("shutil.copy(sys.argv[2], sys.argv[1])"), first_clip(bench), tmp_path)
    assert len(report.done) == 2
    report = run_method(command("shutil.copy(sys.argv[2], sys.argv[1])", timeout=99), first_clip(bench), tmp_path)
    assert len(report.kept) == 2, "the timeout changes no video"


def test_a_video_that_somebody_put_there_is_never_overwritten(bench: Benchmark, tmp_path: Path) -> None:
    mine = tmp_path / "copy" / CLIPS[0] / "p0.mp4"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    mine.with_suffix(".json").write_text('{"seed": 7, "model": "mine"}')
    for _ in range(2):
        report = run_method(COPY, bench, tmp_path)
        assert f"{mine} was not made by vmtbench and is kept" in report.failed[f"copy/{CLIPS[0]}/p0"]
    assert mine.read_bytes() == b"mine"
    assert json.loads(mine.with_suffix(".json").read_text()) == {"seed": 7, "model": "mine"}
    assert run_method(COPY, bench, tmp_path, options=WorkOptions(existing=Existing.REDO)).failed == {}


# The adapter's contract.


def test_a_clip_is_prepared_once_for_all_prompts_and_seeds_and_released(
    bench: Benchmark, tmp_path: Path, noted: Callable[..., list[str]]
) -> None:
    expected = []
    for clip in CLIPS:
        expected += [f"prepare {clip}", f"generate {clip} p0 0", f"generate {clip} p1 0", "release"]
    assert noted(bench) == expected
    assert noted(bench) == expected, "a run that had nothing to do prepared something"


def test_a_clip_that_cannot_be_prepared_fails_and_the_others_go_on(
    bench: Benchmark, tmp_path: Path, noted: Callable[..., list[str]]
) -> None:
    notes = noted(bench, fail="prepare")
    assert sum(note.startswith("generate") for note in notes) == 4
    assert notes.count("release") == 2
    assert len(videos(tmp_path / "out")) == 4


def test_a_failure_that_passes_does_not_prepare_again(bench: Benchmark, noted: Callable[..., list[str]]) -> None:
    notes = noted(first_clip(bench), fail="once")
    clip = CLIPS[0]
    assert notes == [
        f"prepare {clip}",
        f"generate {clip} p0 0",
        f"generate {clip} p0 0",
        f"generate {clip} p1 0",
        "release",
    ]


# What goes wrong.


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sys.exit('no GPU')", "ended with exit status 1, expected 0; its last line: no GPU"),
        ("pass", "wrote nothing to its {output}"),
        ("time.sleep(60)", "ran past 1 s and was ended"),
        ("open(sys.argv[1], 'w').write('no video')", "p0.mp4"),
        ("open(sys.argv[1], 'wb').write(open(sys.argv[2], 'rb').read()[:300])", "p0.mp4"),
        ("import os; os.mkdir(sys.argv[1])", "wrote nothing to its {output}"),
    ],
    ids=["fails", "writes nothing", "hangs", "writes text", "writes half a video", "makes a folder"],
)
def test_a_program_that_goes_wrong_fails_its_item_and_leaves_no_video(
    bench: Benchmark, tmp_path: Path, names_in: Callable[[Path], list[str]], text: str, found: str
) -> None:
    clip = bench.clips[0].model_copy(update={"prompts": bench.clips[0].prompts[:1]})
    report = run_method(command(text, timeout=1), Benchmark(bench.root, bench.info, (clip,)), tmp_path)
    assert [*report.failed] == [f"mine/{clip.id}/p0"]
    message = report.failed[f"mine/{clip.id}/p0"]
    assert found in message
    assert "\n" not in message
    assert not report.traces, report.traces
    assert names_in(tmp_path / "mine" / clip.id) == ["p0.log"], "half a video was left"


def test_a_source_that_cannot_be_read_fails_its_clip_alone(own_bench: Benchmark, tmp_path: Path) -> None:
    (own_bench.root / own_bench.clips[0].file_name).unlink()
    report = run_method(MethodSpec("reverse", "reverse"), own_bench, tmp_path / "out")
    assert (len(report.done), len(report.failed), report.traces) == (4, 2, {})


def test_a_full_disk_stops_the_run(bench: Benchmark, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_to_a_full_disk(source: Path, target: Path) -> None:
        target.symlink_to("/dev/full")
        target.write_bytes(source.read_bytes() * 10)

    monkeypatch.setattr("methods.controls.shutil.copyfile", write_to_a_full_disk)
    with pytest.raises(
        OutputError, match=r"p0\.mp4: the disk is full; free space .*\(0 of 6 items are done and kept\)"
    ):
        run_method(COPY, bench, tmp_path)
    monkeypatch.undo()
    assert len(run_method(COPY, bench, tmp_path).done) == 6


@pytest.mark.parametrize("label", ["", ".hidden", "a/b", "..", "scores"])
def test_a_label_that_cannot_be_a_methods_folder_is_refused(label: str) -> None:
    with pytest.raises(InputError, match="a method cannot be called"):
        MethodSpec(label, "copy")


def test_a_label_that_is_a_clip_is_refused(bench: Benchmark, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'resting-crate' like a clip of the benchmark; choose another name"):
        run_method(MethodSpec("resting-crate", "copy"), bench, tmp_path)


def test_a_misspelt_method_is_refused_before_anything_is_written(bench: Benchmark, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"did you mean noise\?"):
        run_method(MethodSpec("x", "nois"), bench, tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_output_folder_that_is_a_file_is_refused(bench: Benchmark, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot write in"):
        run_method(COPY, bench, tmp_path / "file")


def test_names_become_what_is_to_be_run() -> None:
    assert [spec.label for spec in specs_for(["static", "controls"])] == list(dict.fromkeys(["static", *CONTROLS]))
    (spec,) = specs_for(["mine"], command="make {output}", timeout=9)
    assert spec == MethodSpec("mine", "command", {"template": "make {output}", "timeout": 9})
    assert specs_for([], command="make {output}")[0].label == "command"
    with pytest.raises(InputError, match="found the names a, b; give at most one"):
        specs_for(["a", "b"], command="make {output}")
    with pytest.raises(InputError, match="no method is named"):
        specs_for([])


# Killed at any moment.


def test_a_run_killed_before_any_of_its_file_operations_ends_in_the_same_videos(
    killed_everywhere: Callable[[str], int], bench: Benchmark
) -> None:
    body = f"""
from benchmark.store import Benchmark, read_benchmark
from methods.run import MethodSpec, run_method

bench = read_benchmark(Path({str(bench.root)!r}))
bench = Benchmark(bench.root, bench.info, bench.clips[:1])

def counts(path):
    return path.suffix != ".json" and path.name != "lock"

def begin(root):
    pass

def work(root):
    report = run_method(MethodSpec("copy", "copy"), bench, root)
    assert not report.failed, report.failed
"""
    assert killed_everywhere(body) > 25


RUN = """
import sys
from pathlib import Path
from benchmark.engine import WorkOptions
from benchmark.store import read_benchmark
from methods.run import MethodSpec, run_method

if __name__ == "__main__":
    bench, out, jobs, template = sys.argv[1:]
    spec = MethodSpec("mine", "command", {"template": template, "timeout": 60})
    run_method(spec, read_benchmark(Path(bench)), Path(out), options=WorkOptions(jobs=int(jobs)))
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_program_does_not_outlive_a_run_that_is_killed(
    bench: Benchmark, tmp_path: Path, script: Callable[..., Any], ended: Callable[[int], bool], jobs: int
) -> None:
    pids = tmp_path / "pids"
    pids.mkdir()
    hang = (
        "import os, subprocess, sys, time; child = subprocess.Popen(['sleep', '60']); "
        f"[open(os.path.join({str(pids)!r}, str(pid)), 'w').close() for pid in (os.getpid(), child.pid)]; "
        "time.sleep(60)"
    )
    template = f"{shlex.join([sys.executable, '-c', hang])} {{output}}"
    run = script(RUN, "run.py").start(bench.root, tmp_path / "out", jobs, template)
    wait_until(lambda: len(list(pids.iterdir())) >= 2 * jobs)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert all(ended(int(path.name)) for path in pids.iterdir()), "a program goes on without its run"


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not true():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


def test_a_second_run_of_one_method_into_one_folder_is_refused(
    bench: Benchmark, tmp_path: Path, script: Callable[..., Any]
) -> None:
    template = f"{shlex.join([sys.executable, '-c', 'import time; time.sleep(60)'])} {{output}}"
    first = script(RUN, "run.py").start(bench.root, tmp_path / "out", 1, template)
    wait_until(lambda: (tmp_path / "out" / "mine" / "method.json").exists())
    with pytest.raises(InputError, match="another vmtbench run is writing to"):
        run_method(command("pass"), bench, tmp_path / "out")
    assert run_method(COPY, bench, tmp_path / "out").failed == {}, "another method's folder is free"
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    assert isinstance(run_method(command("pass"), bench, tmp_path / "out"), Report), "the lock outlived its run"
