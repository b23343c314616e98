import gzip
import json
import random
from pathlib import Path

import numpy as np
import pytest

SENTENCES = [
    "The cat sat on the mat and watched the rain.",
    "Das Wetter ist heute schön, wir gehen spazieren.",
    "La economía creció un tres por ciento.",
    "Сегодня хорошая погода.",
    "You are such an idiot, shut up!",
    "I love you all 😀👨‍👩‍👧",
]


def make_texts(n, seed=0):
    """Texts of very different lengths, each another one."""
    rng = random.Random(seed)
    return [
        f"{row} " + " ".join(rng.choice(SENTENCES) for _ in range(rng.choice([1, 1, 1, 2, 6])))
        for row in range(n)
    ]


@pytest.fixture(scope="session")
def texts():
    return make_texts


@pytest.fixture(scope="session")
def engine(tiny_scope):
    """A binary and a three-label classifier with made-up rules that say different things of different texts."""
    from scopesift_classifiers.artifact.calibration import Calibration
    from scopesift_classifiers.artifact.classifier import Classifier
    from scopesift_classifiers.artifact.decision import Decision
    from scopesift_classifiers.artifact.rule import Rule, RuleFeature
    from scopesift_classifiers.judging.engine import Engine
    from scopesift_features.reading.document_features import document_features

    acts = document_features(tiny_scope, make_texts(60), [1, 3]).acts
    calibration = Calibration((-20.0, 0.0, 1.0, 4.0), (0.01, 0.2, 0.5, 0.99), 0.5, 0.5)

    def between(acts_N):
        """A threshold between two texts: one on a text's activation would leave it to the last bit whether it fires."""
        ordered = np.sort(acts_N[acts_N > 0])
        middle = len(ordered) // 2
        return float(ordered[middle - 1 : middle + 1].mean())

    def features(layer, count):
        dense = acts[layer].toarray()
        share = (dense > 0).mean(axis=0)
        chosen = np.argsort(abs(share - 0.5), kind="stable")[:count]
        return tuple(RuleFeature(layer, int(at), between(dense[:, at])) for at in chosen)

    toxic = Decision(features(1, 2), {"toxic": Rule()}, calibration, float(calibration.apply(1.0)))
    weights = np.random.default_rng(0).normal(size=(3, 9))
    rules = {
        code: Rule("log_odds", weights=tuple(map(float, weights[at])))
        for at, code in enumerate(("de", "en", "fr"))
    }
    tongue = Decision(features(3, 9), rules, calibration, 0.05)
    about = {"scope": tiny_scope.fingerprint, "settings": tiny_scope.settings}
    return Engine(
        tiny_scope,
        [
            Classifier("toxicity", "binary", "clean", default=toxic, **about),
            Classifier("language", "many", "und", default=tongue, **about),
        ],
    )


@pytest.fixture
def write_jsonl(tmp_path):
    def write(name, rows):
        path = tmp_path / name
        data = b"".join(
            (row if isinstance(row, bytes) else json.dumps(row, ensure_ascii=False).encode()) + b"\n"
            for row in rows
        )
        path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
        return path

    return write


@pytest.fixture
def rows_of():
    """All rows of an output folder, in shard order."""

    def read(folder: Path):
        return [
            json.loads(line)
            for path in sorted(folder.glob("*.jsonl"))
            for line in path.read_bytes().splitlines()
        ]

    return read


@pytest.fixture
def bytes_of():
    """Every file of a run that may not differ between two ways of running it."""

    def read(out: Path):
        skip = {"manifest.json", "report.html", "run.json", ".lock"}
        return {
            path.relative_to(out).as_posix(): path.read_bytes()
            for path in sorted(out.rglob("*"))
            if path.is_file() and path.name not in skip
        }

    return read


@pytest.fixture
def run(engine):
    """`run(inputs, out, resume=…, workers=…, **settings)`: a local run in small shards."""
    from scopesift_filtering.run_filter import run_filter
    from scopesift_filtering.run_plan import make_plan
    from scopesift_filtering.settings import FilterSettings

    def start(inputs, out, *, resume=False, workers=2, **settings):
        settings = {"shard_rows": 16, "compression": "none", "batch_tokens": 512, **settings}
        plan = make_plan([str(path) for path in inputs], out, FilterSettings(**settings), engine)
        return run_filter(plan, resume=resume, workers=workers)

    return start
