"""dolma's own mixer reads our attributes; it runs in an environment of its own, since dolma needs numpy < 2."""

import gzip
import json
import subprocess
from pathlib import Path

import pytest

PYTHON = Path(__file__).parents[3] / ".venv-dolma" / "bin" / "python"
# the mixer is a compiled module; the package around it imports what dolma's taggers need
PROGRAM = """
import importlib.util, pathlib, sys, sysconfig
(path,) = (pathlib.Path(sysconfig.get_path("platlib")) / "dolma").glob("dolma.*.so")
spec = importlib.util.spec_from_file_location("dolma.dolma", path)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
module.mixer_entrypoint(sys.argv[1])
"""
pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="`make integrations` makes .venv-dolma")


@pytest.fixture
def mix(filtered, tmp_path):
    """`mix(include)`: ids of the documents that dolma's mixer keeps by a JSONPath over their attributes."""
    attributes = filtered.parent / "attributes"
    if not attributes.exists():
        attributes.symlink_to(filtered / "attributes")

    def run(include):
        stream = {
            "name": "wiki",
            "documents": [str(filtered.parent / "documents" / "*.jsonl.gz")],
            "attributes": ["scopesift"],
            "output": {"path": str(tmp_path / "mixed"), "max_size_in_bytes": 2**30},
            "filter": {"include": [include], "exclude": [], "syntax": "jsonpath"},
        }
        work = {"input": str(tmp_path / "work-in"), "output": str(tmp_path / "work-out")}
        config = {"streams": [stream], "processes": 1, "work_dir": work, "shuffle": False}
        subprocess.run([PYTHON, "-c", PROGRAM, json.dumps(config)], check=True, capture_output=True)
        files = (tmp_path / "mixed").rglob("*.gz")
        lines = [line for path in files for line in gzip.decompress(path.read_bytes()).splitlines()]
        return {json.loads(line)["id"] for line in lines}

    return run


@pytest.fixture(scope="module")
def records(filtered):
    """The filter's records."""
    paths = sorted((filtered / "attributes").glob("*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def test_the_mixer_keeps_the_documents_that_the_filter_kept(mix, records):
    found = mix("$.attributes[?(@.scopesift__status__kept)]")
    assert found == {row["id"] for row in records if row["status"] == "kept"}
    assert 0 < len(found) < len(records)


def test_the_mixer_filters_by_score(mix, records):
    found = mix("$.attributes[?(@.scopesift__lang_scores__de && @.scopesift__lang_scores__de[0][2] >= 0.5)]")
    assert found == {row["id"] for row in records if row["lang_scores"] and row["lang_scores"]["de"] >= 0.5}
    assert found


def test_the_mixer_filters_by_label(mix, records):
    found = mix("$.attributes[?(@.scopesift__lang__ja)]")
    assert found == {row["id"] for row in records if row["lang"] == "ja"}
    assert found
