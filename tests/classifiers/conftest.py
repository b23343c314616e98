import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from scopesift_classifiers.fitting.fit import FitSettings, fit_classifier
from scopesift_classifiers.labelled_rows.rows import LabelledText

WORDS = ["cat", "sat", "rain", "mat", "watched", "vaccine", "large", "trial"]


def make_insults(n, seed):
    """Half of the texts hold an insult; words and order are random."""
    rng = random.Random(seed)
    texts, labels = [], []
    for row in range(n):
        words = [rng.choice(WORDS) for _ in range(5)]
        if row % 2:
            words.insert(rng.randrange(6), "you idiot, shut up")
        texts.append(" ".join(words))
        labels.append("toxic" if row % 2 else "clean")
    return LabelledText(texts, labels, ["en"] * n, ["made up"] * n)


def make_languages(n, seed):
    """Three languages, a sentence each with a few words shuffled."""
    rng = random.Random(seed)
    sentences = {
        "de": "Das Wetter ist heute schön wir gehen spazieren",
        "es": "La economía creció un tres por ciento",
        "ru": "Сегодня хорошая погода",
    }
    texts, labels = [], []
    for row in range(n):
        code = ("de", "es", "ru")[row % 3]
        words = sentences[code].split()
        rng.shuffle(words)
        texts.append(" ".join(words))
        labels.append(code)
    return LabelledText(texts, labels, labels, ["made up"] * n)


@pytest.fixture(scope="session")
def insults():
    return make_insults


@pytest.fixture(scope="session")
def languages():
    return make_languages


@pytest.fixture(scope="session")
def toxicity(tiny_scope):
    """A short rule: features with thresholds."""
    settings = FitSettings(preset="greedy")
    return fit_classifier("toxicity", tiny_scope, make_insults(160, 1), make_insults(80, 2), settings)


@pytest.fixture(scope="session")
def linear_toxicity(tiny_scope):
    """The same with weights, as is the default."""
    return fit_classifier("toxicity", tiny_scope, make_insults(160, 1), make_insults(80, 2), FitSettings())


@pytest.fixture(scope="session")
def language(tiny_scope):
    rows, dev = make_languages(90, 1), make_languages(45, 2)
    return fit_classifier("language", tiny_scope, rows, dev, FitSettings(unknown="und"))


@pytest.fixture(scope="session")
def run_node():
    """`run_node(graph, texts, *options)`: what the Node example prints, an object a text."""
    example = Path(__file__).parents[2] / "examples" / "onnx-node"
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    if not (example / "node_modules" / "onnxruntime-node").is_dir():
        pytest.skip(f"`npm install --ignore-scripts` has not been run in {example.name}")

    def run(graph, texts, *options):
        lines = "".join(json.dumps(text) + "\n" for text in texts)
        command = ["node", str(example / "classify.mjs"), str(graph), *options, "-"]
        done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run
