"""However a run is interrupted, what comes out in the end is the same."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from scopesift_files.errors import InputError, ScopeError, UsageError
from scopesift_files.lock import one_at_a_time

WHERE = "toxicity < 0.5 AND ours.lang <> 'de'"


class Killed(BaseException):
    """Stands for the end of the process: nothing may catch it."""


@pytest.fixture
def corpus(texts, write_jsonl):
    rows = [{"text": text, "lang": "xx"} for text in texts(80)]
    return [write_jsonl("a.jsonl", [*rows[:50], b"broken"]), write_jsonl("b.jsonl", rows[50:])]


@pytest.fixture
def whole(corpus, run, bytes_of, tmp_path):
    run(corpus, tmp_path / "whole", where=WHERE, mode="both")
    return bytes_of(tmp_path / "whole")


def test_workers_and_batches_in_flight_do_not_change_a_byte(corpus, run, bytes_of, tmp_path, whole):
    run(corpus, tmp_path / "one", where=WHERE, mode="both", workers=1)
    run(corpus, tmp_path / "three", where=WHERE, mode="both", workers=3)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "three") == whole
    assert sum(name.startswith("done/") for name in whole) == 6


@pytest.mark.parametrize("at", [0, 1, 3, 4, 11])
def test_a_run_that_ends_at_any_rename_is_finished_by_resume_to_the_same_bytes(
    corpus, run, bytes_of, tmp_path, whole, monkeypatch, at
):
    renames, real = iter(range(10_000)), Path.replace

    def replace(path, target):
        if next(renames) == at:
            raise Killed
        return real(path, target)

    out = tmp_path / "out"
    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(Killed):
        run(corpus, out, where=WHERE, mode="both")
    monkeypatch.undo()
    tally = run(corpus, out, where=WHERE, mode="both", resume=True)
    assert bytes_of(out) == whole
    assert tally.rows == tally.kept + tally.dropped + tally.rejected == 81


def test_resuming_a_finished_run_computes_nothing(corpus, run, bytes_of, tmp_path, whole):
    tally = run(corpus, tmp_path / "whole", where=WHERE, mode="both", resume=True)
    assert (tally.earlier, tally.new_tokens) == (81, 0)
    assert bytes_of(tmp_path / "whole") == whole


@pytest.mark.parametrize("folder", ["kept", "dropped", "attributes", "rejected"])
@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data + b"x", None], ids=["emptied", "longer", "gone"]
)
def test_a_damaged_output_is_written_again(corpus, run, bytes_of, tmp_path, whole, folder, damage):
    victim = min((tmp_path / "whole" / folder).iterdir())
    if damage is None:
        victim.unlink()
    else:
        victim.write_bytes(damage(victim.read_bytes()))
    run(corpus, tmp_path / "whole", where=WHERE, mode="both", resume=True)
    assert bytes_of(tmp_path / "whole") == whole


def test_a_full_disk_stops_the_run_and_resume_finishes_it(corpus, run, bytes_of, tmp_path, whole):
    out = tmp_path / "out"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1500, hard))  # the record fits, attributes do not
        with pytest.raises(ScopeError, match="cannot write"):
            run(corpus, out, where=WHERE, mode="both")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert not list(out.rglob("*.part"))
    run(corpus, out, where=WHERE, mode="both", resume=True)
    assert bytes_of(out) == whole


@pytest.mark.parametrize("change", ["first row", "last row", "shorter", "longer"])
def test_an_input_that_changed_in_between_is_refused(corpus, run, tmp_path, whole, change):
    lines = corpus[1].read_bytes().splitlines(keepends=True)
    if change == "first row":
        head = corpus[0].read_bytes()
        corpus[0].write_bytes(head.replace(b'{"text": "0', b'{"text": "1', 1))
    elif change == "last row":
        corpus[1].write_bytes(b"".join([*lines[:-1], b'{"text": "another"}\n']))
    else:
        corpus[1].write_bytes(b"".join(lines[:-20] if change == "shorter" else [*lines, lines[0]]))
    with pytest.raises(InputError, match="input changed"):
        run(corpus, tmp_path / "whole", where=WHERE, mode="both", resume=True)


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"where": "toxicity < 0.4 AND ours.lang <> 'de'"}, "where"),
        ({"mode": "split"}, "mode"),
        ({"max_chars": 50}, "max_chars"),
        ({"thresholds": {"toxicity": {"default": 0.5}}}, "thresholds"),
    ],
)
def test_another_condition_or_setting_in_the_same_folder_is_refused(
    corpus, run, tmp_path, whole, other, says
):
    with pytest.raises(UsageError, match=f"another run: its settings {says}"):
        run(corpus, tmp_path / "whole", **{"where": WHERE, "mode": "both", **other}, resume=True)


def test_another_classifier_in_the_same_folder_is_refused(corpus, run, tmp_path, whole, engine, monkeypatch):
    from dataclasses import replace

    changed = replace(engine.classifiers["toxicity"], route_confidence=0.9)
    monkeypatch.setitem(engine.classifiers, "toxicity", changed)
    with pytest.raises(UsageError, match="its classifiers toxicity is"):
        run(corpus, tmp_path / "whole", where=WHERE, mode="both", resume=True)


def test_without_resume_a_used_folder_is_refused(corpus, run, tmp_path, whole):
    with pytest.raises(UsageError, match="--resume"):
        run(corpus, tmp_path / "whole", where=WHERE, mode="both")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="other files"):
        run(corpus, tmp_path / "other")


def test_two_processes_in_one_folder_are_refused(corpus, run, tmp_path):
    with one_at_a_time(tmp_path / "out"), pytest.raises(UsageError, match="another process"):
        run(corpus, tmp_path / "out")


PROGRAM = """
import json, sys
from pathlib import Path
from scopesift_classifiers.artifact.classifier import Classifier
from scopesift_classifiers.judging.engine import Engine
from scopesift_features.scope import Scope
from scopesift_filtering.run_filter import run_filter
from scopesift_filtering.run_plan import make_plan
from scopesift_filtering.settings import FilterSettings
place, out, where, *inputs = sys.argv[1:]
names = sorted(Path(place).glob("*.json"))
engine = Engine(Scope.load((Path(place) / "scope.txt").read_text(), device="cpu"), [Classifier.load(n) for n in names])
settings = FilterSettings(where=where, mode="both", shard_rows=16, compression="none", batch_tokens=512)
run_filter(make_plan(inputs, Path(out), settings, engine), resume=True)
"""


@pytest.mark.timeout(600)
def test_kill_9_at_random_moments_and_resume_gives_the_same_bytes(
    corpus, engine, tiny_scope_folder, bytes_of, tmp_path, whole
):
    place, out = tmp_path / "place", tmp_path / "out"
    place.mkdir()
    for name, classifier in engine.classifiers.items():
        classifier.save(place / f"{name}.json")
    (place / "scope.txt").write_text(str(tiny_scope_folder))
    out.mkdir()
    command = [sys.executable, "-c", PROGRAM, str(place), str(out), WHERE, *map(str, corpus)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    rng = random.Random(0)
    for wanted in (1, 3):  # killed a moment after this many shards were done
        process = subprocess.Popen(command, env=environment)
        while process.poll() is None and len(list((out / "done").glob("*.json"))) < wanted:
            time.sleep(0.002)
        time.sleep(rng.random() * 0.02)
        process.kill()
        process.wait()
    subprocess.run(command, env=environment, check=True)
    made = bytes_of(out)
    # the engine of the fixture lists its classifiers in another order than the files do, which markers show
    data = {name for name in whole if not name.startswith("done/")}
    assert {name: made[name] for name in data if "attributes" not in name and "dropped" not in name} == {
        name: whole[name] for name in data if "attributes" not in name and "dropped" not in name
    }
    records = [json.loads(made[name]) for name in made if name.startswith("done/")]
    assert sum(record["rows"] for record in records) == 81
