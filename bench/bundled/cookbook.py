"""`python -m bench cookbook`: runs the commands of docs/cookbook.md and keeps what they print."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from scopesift_service.local_server import LocalServer

from bench.errors import BenchError
from bench.results_file import stored, write_result

NAME = "cookbook"
EXAMPLES = Path(__file__).parents[2] / "examples" / "formality"
WIDTH = 80
FORMAL, INFORMAL = "I would be most grateful for a prompt reply.", "no worries mate, see ya tomorrow"
STEPS = {
    "fit": "scopesift fit formality --train examples/formality/train.jsonl --positive formal",
    "evaluate": "scopesift evaluate formality.json examples/formality/test.jsonl "
    "--fit-data examples/formality/train.jsonl",
    "classify": f'scopesift classify --classifier formality.json "{FORMAL}" "{INFORMAL}"',
    "explain": f'scopesift explain --classifier formality.json "{FORMAL}"',
    "before": "scopesift evaluate formality.json examples/formality/german-test.jsonl",
    "transfer": "scopesift transfer formality.json --train examples/formality/german.jsonl --lang de "
    "--out formality.de.json",
    "after": "scopesift evaluate formality.de.json examples/formality/german-test.jsonl",
}
"""The commands in order, run where `examples/` is."""
SERVED = {"SCOPESIFT_CLASSIFIERS": "formality.de.json,language"}
ASKED = {"texts": ["Könnten Sie mir bitte kurz antworten?"]}


def run(out: Path | None = None) -> None:
    """Run all commands in an empty folder, write JSON, print what they print.

    Args:
        out: Folder for the JSON; None: `bench/results/`.

    Raises:
        BenchError: A command fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        shutil.copytree(EXAMPLES, home / "examples" / "formality")
        printed = {step: _printed(command, home) for step, command in STEPS.items()}
        answer = _served(home)
    path = write_result(NAME, {"commands": STEPS, "printed": printed, "answer": answer}, out)
    print("\n\n".join(printed.values()) + f"\n\nwritten: {path}")


def tables() -> dict[str, Callable[[], str]]:
    """The blocks of the page by the names of their marks."""
    return {**{f"{NAME}_{step}": partial(_block, step) for step in STEPS}, f"{NAME}_serve": _serve_block}


def _block(step: str) -> str:
    printed = stored(f"{NAME}-cpu")["printed"][step]
    return f"```\n$ {STEPS[step]}\n{printed}\n```"


def _serve_block() -> str:
    answer = json.dumps(stored(f"{NAME}-cpu")["answer"], ensure_ascii=False, indent=1)
    settings = " ".join(f"{name}={value}" for name, value in SERVED.items())
    body = json.dumps(ASKED, ensure_ascii=False)
    return (
        f"```\n$ {settings} scopesift serve\n"
        f"$ curl -s http://127.0.0.1:3000/v1/classify -H 'Content-Type: application/json' -d '{body}'\n{answer}\n```"
    )


def _printed(command: str, folder: Path) -> str:
    """What a command prints, without blank lines and spaces at the end of lines."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "scopesift.cli", *shlex.split(command)[1:]],
        cwd=folder,
        env={**os.environ, "COLUMNS": str(WIDTH)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise BenchError(f"`{command}` ended with {done.returncode}: {done.stdout.strip()}")
    return re.sub(r"\s*\n(\s*\n)*", "\n", done.stdout).strip("\n")


def _served(folder: Path) -> dict[str, Any]:
    """The service's answer, of each verdict the strongest piece of evidence."""
    settings = SERVED | {"SCOPESIFT_CLASSIFIERS": f"{folder / 'formality.de.json'},language"}
    with LocalServer(settings) as server:
        server.wait()
        answered = httpx.post(f"{server.url}/v1/classify", json=ASKED, timeout=60)
    answered.raise_for_status()
    answer: dict[str, Any] = answered.json()
    for record in answer["results"]:
        for verdict in record.values():
            if isinstance(verdict, dict) and "evidence" in verdict:
                verdict["evidence"] = verdict["evidence"][:1]
    return answer
