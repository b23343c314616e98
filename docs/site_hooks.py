"""Hooks of the docs site (mkdocs.yml): pages outside docs/ that docs link to are part of it, below repository/."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
DOCS, OUTSIDE = "docs", "repository"
LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")
COMMENT = re.compile(r"^(<!-- .* -->)$", re.MULTILINE)


def on_files(files: Files, config: Any) -> Files:
    """Add the files outside docs/ that a page of docs/ links to."""
    for page in [file for file in files if file.src_uri.endswith(".md")]:
        for _, target, _ in LINK.findall(page.content_string):
            path = _in_repository(page.src_uri, target)
            place = f"{OUTSIDE}/{path}"
            outside = not path.startswith(f"{DOCS}/") and (ROOT / path).is_file()
            if outside and files.get_file_from_path(place) is None:
                files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Follow links to where the site has their files; what it lacks is shown as text."""

    def followed(found: re.Match[str]) -> str:
        words, target, anchor = found[1], found[2], found[3] or ""
        path = _in_repository(page.file.src_uri, target)
        place = path.removeprefix(f"{DOCS}/") if path.startswith(f"{DOCS}/") else f"{OUTSIDE}/{path}"
        if files.get_file_from_path(place) is None:
            return f"[{words}]({target}{anchor})" if path.startswith(f"{DOCS}/") else words
        start = str(PurePosixPath(page.file.src_uri).parent)
        return f"[{words}]({relpath(place, start)}{anchor})"

    # a table right after a comment is none to Python's Markdown
    return COMMENT.sub(r"\n\1\n", LINK.sub(followed, markdown))


def _in_repository(page: str, target: str) -> str:
    """Path of a link's target from the repository's root."""
    own = page.removeprefix(f"{OUTSIDE}/") if page.startswith(f"{OUTSIDE}/") else f"{DOCS}/{page}"
    return normpath(f"{PurePosixPath(own).parent}/{target}")
