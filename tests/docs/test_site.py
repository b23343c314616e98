"""The docs site builds without a warning: every page is in its navigation, every link and anchor leads somewhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mkdocs", reason="the docs site needs mkdocs-material (extra dev)")
ROOT = Path(__file__).parents[2]


def build(configuration, out):
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", configuration, "-d", out],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    done = build(ROOT / "mkdocs.yml", out)
    assert done.returncode == 0, done.stderr
    return out


def test_every_page_is_built(site):
    assert {page.stem for page in (ROOT / "docs").glob("*.md")} <= {page.stem for page in site.glob("*.html")}


def test_pages_fetch_nothing_from_elsewhere(site):
    for page in site.glob("*.html"):
        assert re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="https?:[^"]*"', page.read_text()) == [], (
            page
        )


def test_marked_tables_are_tables(site):
    for page in (ROOT / "docs").glob("*.md"):
        wanted = len(re.findall(r"^<!-- table: .*-->\n\|", page.read_text(), re.M))
        assert (site / f"{page.stem}.html").read_text().count("<table>") >= wanted, page


def test_what_pages_outside_link_to_is_part_of_the_site(site):
    assert (site / "repository" / "kernels" / "index.html").is_file()
    assert (site / "repository" / "examples" / "formality" / "train.jsonl").is_file()


@pytest.mark.parametrize("link", ["nowhere.md", "scopes.md#nowhere"])
def test_a_link_that_leads_nowhere_fails(link, tmp_path):
    pages = tmp_path / "docs"
    pages.mkdir()
    (pages / "index.md").write_text(f"# One\n\n[a link]({link})\n")
    (pages / "scopes.md").write_text("# Scopes\n")
    settings = (ROOT / "mkdocs.yml").read_text().split("nav:\n  - index.md")[0]
    settings = settings.replace("docs/site_hooks.py", str(ROOT / "docs" / "site_hooks.py"))
    (tmp_path / "mkdocs.yml").write_text(settings)
    done = build(tmp_path / "mkdocs.yml", tmp_path / "out")
    assert done.returncode != 0
    assert "nowhere" in done.stderr
