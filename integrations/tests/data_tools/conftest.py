"""The same few documents for every tool, what `scopesift filter` says of them, and a Ray of this machine."""

import gzip
import json
import os

import pytest

TEXTS = [
    "You are such an idiot, shut up!",
    "Das Wetter ist heute schön, wir gehen spazieren.",
    "La economía creció un tres por ciento.",
    "",
    "Сегодня хорошая погода.",
    "今日はいい天気ですね。",
    None,
    "Ferme ta gueule, espèce de connard.",
    "The vaccine was tested in a large trial. " * 80,
    " \n",
    "I love you all, thank you for coming 😀👨‍👩‍👧",
    "x" * 9001,
]
MAX_CHARS = 9000
WHERE = "toxicity < 0.2 AND lang <> 'es'"


@pytest.fixture(scope="session")
def documents():
    """Rows with id, source and text: several languages, blank, very long, too long, and null."""
    return [{"id": f"doc-{at}", "source": "web", "text": text} for at, text in enumerate(TEXTS)]


@pytest.fixture(scope="session")
def settings():
    """Of the scorer; those of `filtered`."""
    return {"scope": "nano", "where": WHERE, "max_chars": MAX_CHARS}


@pytest.fixture(scope="session")
def scorer(settings):
    """A scorer, which loads its model once for all tests."""
    from scopesift import Scorer

    return Scorer(**settings)


@pytest.fixture(scope="session")
def filtered(documents, tmp_path_factory):
    """The folder of a run of `scopesift filter` over the documents, with attributes for dolma."""
    from typer.testing import CliRunner

    from scopesift.cli import app

    folder = tmp_path_factory.mktemp("wiki")
    (folder / "documents").mkdir()
    data = "".join(json.dumps(row) + "\n" for row in documents)
    (folder / "documents" / "a.jsonl.gz").write_bytes(gzip.compress(data.encode()))
    words = f"--scope nano --mode both --attributes-format dolma --max-chars {MAX_CHARS} --compression none"
    done = CliRunner().invoke(
        app,
        ["filter", str(folder / "documents"), "--out", str(folder / "run"), "--where", WHERE, *words.split()],
    )
    assert done.exit_code == 3, done.output  # done, with rejected rows
    return folder / "run"


@pytest.fixture(scope="session")
def local_ray():
    """Ray, started on this machine."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    ray.init(num_cpus=2, include_dashboard=False, object_store_memory=256 * 2**20, log_to_driver=False)
    yield ray
    ray.shutdown()
