"""docs/data-tools.md: every snippet runs as it stands and prints what the page says."""

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[3] / "docs" / "data-tools.md").read_text(encoding="utf-8")
SECTIONS = {
    title: re.findall(r"^```(\w*)\n(.*?)^```$", body, re.M | re.S)
    for title, body in re.findall(r"^#+ (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
}
pytestmark = pytest.mark.timeout(900)  # a Ray of its own for a snippet takes half a minute on two free cores
RUNS = {"python": [sys.executable, "-c"], "sh": ["bash", "-ec"]}


def printed(section, folder):
    """What a section's snippet prints in a folder with the posts, and what the page says of it."""
    (language, snippet), (none, said) = SECTIONS[section]
    assert none == ""
    return ran(language, snippet, folder), said


def ran(language, snippet, folder):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "RAY_USAGE_STATS_ENABLED": "0", "HF_HOME": str(folder / "hf")}
    done = subprocess.run(
        [*RUNS[language], snippet],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    # 3: done, with a post without text among the rejected
    assert done.returncode in ((0, 3) if language == "sh" else (0,)), done.stderr[-3000:]
    return done.stdout


@pytest.fixture
def folder(tmp_path):
    ((language, snippet),) = SECTIONS["In data tools"]
    assert ran(language, snippet, tmp_path) == ""
    return tmp_path


@pytest.mark.parametrize("section", [title for title in SECTIONS if title not in ("In data tools", "dolma")])
def test_a_snippet_prints_what_the_page_says(section, folder):
    found, said = printed(section, folder)
    assert found == said


def test_the_commands_for_dolma_write_what_the_page_shows(folder):
    found, said = printed("dolma", folder)
    assert found == ""
    attributes = folder / "wiki" / "attributes" / "scopesift" / "posts.jsonl.gz"
    lines = [json.loads(line) for line in gzip.decompress(attributes.read_bytes()).splitlines()]
    assert [line["id"] for line in lines] == ["p0", "p1", "p2", "p3", "p4"]
    assert lines[4]["attributes"] == {"scopesift__status__rejected": [[0, 0, 1.0]]}
    shown = re.findall(r'"(scopesift__\w+)": \[\[0, 45, ([\d.]+)\]\]', said)
    assert len(shown) == 3
    for name, score in shown:
        assert lines[1]["attributes"][name] == [[0, 45, pytest.approx(float(score), abs=1e-3)]]


def test_every_link_of_the_page_leads_somewhere():
    pages = Path(__file__).parents[3] / "docs"
    for name in re.findall(r"\]\((\w[\w-]*\.md)", PAGE):
        assert (pages / name).is_file(), name
