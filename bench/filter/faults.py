"""`python -m bench filter-faults`: fault injection: killed runs, a full disk, changed inputs, corrupt rows."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zstandard

from bench.errors import BenchError
from bench.filter.corpus import write_corpus
from bench.results_file import StoredRows

WHERE = "toxicity < 0.5 AND lang IN ('en', 'de', 'fr')"
TIMES = {"manifest.json", "report.html", ".lock", "run.json"}
CORRUPTIONS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut off": (lambda line: line[: len(line) // 2], "bad_json"),
    "not UTF-8": (lambda line: line.replace(b'"text": "', b'"text": "\xff\xfe', 1), "bad_utf8"),
    "column missing": (lambda line: line.replace(b'"text"', b'"body"', 1), "no_text"),
    "null": (lambda line: b'{"id": 0, "text": null}', "no_text"),
    "a number": (lambda line: b'{"id": 0, "text": 17}', "text_not_a_string"),
    "a list": (lambda line: b"[" + line + b"]", "not_an_object"),
    "too long": (lambda line: json.dumps({"id": 0, "text": "long " * 4000}).encode(), "too_long"),
    "NaN": (lambda line: line[:-1] + b', "score": NaN}', "bad_json"),
}


def run(data: Path, out: Path | None = None, *, docs: int = 2000, kills: int = 20) -> None:
    """Run all faults, and store the outcomes row by row.

    Args:
        data: folder with toxicity/, language/, domain/ and pretrain/.
        out: folder for the JSON; None: `bench/results/`.
        docs: documents of each run.
        kills: number of kills.
    """
    stored = StoredRows("filter-faults", out)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_corpus(data, place / "corpus.jsonl.zst", docs)
        lines = _unpacked(place / "corpus.jsonl.zst").splitlines()
        source = place / "corpus.jsonl"
        source.write_bytes(b"".join(line + b"\n" for line in lines))
        _filter(source, place / "whole")
        whole = _hashes(place / "whole")
        for name, act in (
            ("kill", lambda: _kill(source, place / "killed", whole, kills)),
            ("disk", lambda: _full_disk(source, place / "full", whole)),
            ("changed", lambda: _changed(source, lines, place / "whole")),
            ("corrupt", lambda: _corrupted(lines, place)),
            ("ray", lambda: _on_ray(source, place / "ray", whole)),
        ):
            row = act()
            stored.put(name, row)
            print(f"{row['what']}: {row['outcome']}", flush=True)


def _kill(source: Path, out: Path, whole: dict[str, str], kills: int) -> dict[str, Any]:
    rng = random.Random(0)  # noqa: S311
    landed: Counter[str] = Counter()
    done = 0
    while done < kills:
        process = subprocess.Popen(_command(source, out, "--resume"), stderr=subprocess.DEVNULL)  # noqa: S603
        before = _markers(out)
        # half of the kills at a random time, half shortly after another shard
        if rng.random() < 0.5:
            until = time.monotonic() + rng.uniform(0.5, 8)
            while process.poll() is None and time.monotonic() < until:
                time.sleep(0.005)
        else:
            while process.poll() is None and _markers(out) == before:
                time.sleep(0.002)
            time.sleep(rng.uniform(0, 0.05))
        ended = process.poll() is not None
        process.send_signal(signal.SIGKILL)
        process.wait()
        if ended:  # it finished before the kill: start again, so that every kill hits a run
            shutil.rmtree(out)
            continue
        landed[f"{_markers(out)} shards done"] += 1
        done += 1
    _filter(source, out, "--resume")
    same = _hashes(out) == whole
    _check(same, "killed and resumed")
    rows = json.loads((out / "manifest.json").read_text())["rows"]
    _check(rows["in"] == rows["kept"] + rows["dropped"] + rows["rejected"], "rows add up")
    sums = f"{rows['in']} = {rows['kept']} kept + {rows['dropped']} dropped + {rows['rejected']} rejected"
    outcome = f"identical bytes in all {len(whole)} files; {sums}"
    what = f"kill -9 at {kills} random moments, resumed each time"
    return {"what": what, "outcome": outcome, "kills": kills, "landed": dict(landed)}


def _full_disk(source: Path, out: Path, whole: dict[str, str]) -> dict[str, Any]:
    out.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(  # noqa: S603
            ["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", str(out)],  # noqa: S607
            check=False,
            capture_output=True,
        ).returncode
    )
    if not mounted:
        return {"what": "the disk full", "outcome": "not done: no right to mount a tmpfs here"}
    try:
        failed = _filter(source, out, expect=1)
        subprocess.run(["mount", "-o", "remount,size=64m", str(out)], check=True)  # noqa: S603, S607
        done = _markers(out)
        _filter(source, out, "--resume")
        _check(_hashes(out) == whole, "resumed after a full disk")
    finally:
        subprocess.run(["umount", str(out)], check=True)  # noqa: S603, S607
    line = failed.splitlines()[-1].split(str(out.parent))[-1].lstrip("/")
    return {
        "what": "the disk full (a tmpfs of 160 KiB), then enlarged and resumed",
        "outcome": f"exit code 1 after {done} shards (“…{line}”); identical bytes after --resume",
    }


def _changed(source: Path, lines: list[bytes], out: Path) -> dict[str, Any]:
    source.write_bytes(b"".join(line + b"\n" for line in [*lines[:-1], b'{"id": -1, "text": "another"}']))
    said = _filter(source, out, "--resume", expect=1)
    source.write_bytes(b"".join(line + b"\n" for line in lines))
    _check("input changed" in " ".join(said.split()), "a changed input is refused")
    other = _filter(source, out, "--resume", expect=2, where="toxicity < 0.4")
    _check("another run" in " ".join(other.split()), "another condition is refused")
    return {
        "what": "one row of the input changed, or another condition, then resumed",
        "outcome": "both refused, with one line; nothing written",
    }


def _corrupted(lines: list[bytes], place: Path) -> dict[str, Any]:
    rng = random.Random(1)  # noqa: S311
    each = max(1, len(lines) // 100 // len(CORRUPTIONS))
    spoilt = list(lines)
    chosen = rng.sample(range(len(lines)), each * len(CORRUPTIONS))
    expected = {}
    for at, (spoil, reason) in zip(chosen, list(CORRUPTIONS.values()) * each, strict=True):
        spoilt[at] = spoil(lines[at])
        expected[at] = reason
    source = place / "spoilt.jsonl"
    source.write_bytes(b"".join(line + b"\n" for line in spoilt))
    out = place / "spoilt"
    _filter(source, out, expect=3)
    dead = [
        json.loads(line)
        for path in sorted((out / "rejected").iterdir())
        for line in _unpacked(path).splitlines()
    ]
    _check({row["row"]: row["reason"] for row in dead} == expected, "reasons of the dead letter")
    rows = json.loads((out / "manifest.json").read_text())["rows"]
    _check(rows["in"] == len(lines) == rows["kept"] + rows["dropped"] + rows["rejected"], "rows add up")
    counts = ", ".join(f"{name} {count}" for name, count in sorted(Counter(expected.values()).items()))
    return {
        "what": f"{len(expected)} of {len(lines)} rows corrupted in {len(CORRUPTIONS)} ways",
        "outcome": f"exactly these in the dead letter, with the right reason ({counts}); exit code 3",
    }


def _on_ray(source: Path, out: Path, whole: dict[str, str]) -> dict[str, Any]:
    """Two nodes, two workers; one worker is killed as soon as the first shard is done."""
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 1, "include_dashboard": False, "object_store_memory": 128 * 2**20},
    )
    try:
        cluster.add_node(num_cpus=2, object_store_memory=128 * 2**20)
        command = _command(source, out, "--engine", "ray", "--address", cluster.address, "--workers", "2")
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603
        while process.poll() is None and not _markers(out):
            time.sleep(0.1)
        killed = _kill_actor() if process.poll() is None else 0
        _, said = process.communicate()
        _check(process.returncode == 0, f"the Ray run: {said[-600:]}")
    finally:
        cluster.shutdown()
        ray.shutdown()
    _check(_hashes(out) == whole, "Ray gives the same bytes")
    return {
        "what": "a Ray cluster of two nodes with two workers, one of them killed (-9) after the first shard",
        "outcome": f"{killed} worker killed; identical bytes to the local run in all {len(whole)} files",
    }


def _kill_actor() -> int:
    """Kill one model actor of this user's Ray workers; returns the number killed."""
    for place in Path("/proc").iterdir():
        try:
            title = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except (OSError, ValueError):
            continue
        if title.startswith("ray::") and "_Worker" in title:
            os.kill(int(place.name), signal.SIGKILL)
            return 1
    return 0


def _command(source: Path, out: Path, *more: str, where: str = WHERE) -> list[str]:
    command = [sys.executable, "-m", "scopesift.cli", "filter", str(source), "--out", str(out)]
    return [*command, "--where", where, "--mode", "both", "--max-chars", "15000", "--shard-rows", "64", *more]


def _filter(source: Path, out: Path, *more: str, expect: int = 0, where: str = WHERE) -> str:

    done = subprocess.run(  # noqa: S603
        _command(source, out, *more, where=where), capture_output=True, text=True, check=False
    )
    _check(done.returncode == expect, f"exit code {done.returncode}, expected {expect}: {done.stderr[-600:]}")
    return done.stderr.strip()


def _hashes(out: Path) -> dict[str, str]:
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name not in TIMES
    }


def _markers(out: Path) -> int:
    return len(list((out / "done").glob("*.json"))) if out.is_dir() else 0


def _unpacked(path: Path) -> bytes:
    with path.open("rb") as file:
        data: bytes = zstandard.ZstdDecompressor().stream_reader(file).read()
    return data


def _check(holds: bool, what: str) -> None:
    if not holds:
        raise BenchError(f"this did not hold: {what}")
