"""Program source: functions of Python's standard library and blocks of the C and C++ headers that are installed.

No data set with code in it may be redistributed here, but every machine that fits has an interpreter (PSF licence) and
torch (BSD-3-Clause).
"""

from __future__ import annotations

import ast
import re
import sysconfig
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from recipes.task_type.splits import Passage, length_of

LEAST_LINES, LEAST_CHARS = 3, 60
LEFT_OUT = {"site-packages", "test", "tests", "idle_test", "encodings", "pydoc_data"}
"""Folders of the standard library that are not there everywhere, or hold tables rather than programs."""
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_NOT_A_PROGRAM = re.compile(r"\s*(//|#\s*(if|ifdef|ifndef|endif|include|pragma)\b)")


def modules() -> Iterator[tuple[str, str]]:
    """The modules of the standard library: file relative to its root, source."""
    standard = Path(sysconfig.get_path("stdlib"))
    for path in _files(standard, "*.py"):
        yield path.relative_to(standard).as_posix(), _source(path)


def snippets() -> Iterator[Passage]:
    """Pieces of source, whole lines, in the order of their files: the group is the file, the source its language."""
    for file, source in modules():
        for text in python_functions(source):
            yield Passage(text, file, "python")
    headers = Path(sysconfig.get_path("include"))
    for path in _files(headers, "*.h"):
        for text in blocks(_source(path)):
            yield Passage(text, path.relative_to(headers).as_posix(), "c")
    torch = find_spec("torch")
    if torch is None or torch.origin is None:
        raise ImportError("the C++ rows are cut from the headers of torch; install torch")
    headers = Path(torch.origin).parent / "include" / "torch" / "csrc"
    for path in _files(headers, "*.h"):
        for text in blocks(_source(path)):
            yield Passage(text, path.relative_to(headers).as_posix(), "c++")


def python_functions(source: str) -> Iterator[str]:
    """The functions of a module, each cut after some lines; of nested ones only the outer."""
    module = parsed(source)
    lines = source.splitlines()
    nodes: list[ast.stmt] = list(module.body)
    while nodes:
        node = nodes.pop(0)
        if isinstance(node, ast.ClassDef):
            nodes = [*node.body, *nodes]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            text = _cut(lines[node.lineno - 1 : node.end_lineno])
            if text:
                yield text


def parsed(source: str) -> ast.Module:
    """The syntax tree of a module; an empty one if it is not valid Python (there are such modules, for tests)."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def blocks(source: str) -> Iterator[str]:
    """The parts of a C or C++ file between blank lines, those of little but comments and directives left out."""
    for block in re.split(r"\n\s*\n", _COMMENT.sub("", source)):
        lines = [line for line in block.splitlines() if line.strip()]
        if 2 * sum(_NOT_A_PROGRAM.match(line) is None for line in lines) > len(lines):
            text = _cut(lines)
            if text:
                yield text


def _cut(lines: list[str]) -> str:
    """The first lines, as many as fit the length drawn for them; empty if there are too few."""
    whole = "\n".join(lines)
    if len(lines) < LEAST_LINES or len(whole) < LEAST_CHARS:
        return ""
    room, kept = length_of(whole), lines[:LEAST_LINES]
    for line in lines[LEAST_LINES:]:
        if len("\n".join(kept)) + len(line) > room:
            break
        kept.append(line)
    return "\n".join(kept)


def _files(root: Path, pattern: str) -> list[Path]:
    return sorted(
        path for path in root.rglob(pattern) if not LEFT_OUT & set(path.relative_to(root).parts[:-1])
    )


def _source(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
