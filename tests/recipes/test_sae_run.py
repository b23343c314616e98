"""The SAE recipe on a tiny random backbone: text in, a scope out, in one call or in several."""

import random

import pytest
import torch
from scopesift_features.reader import Reader
from scopesift_features.scope import Scope

from recipes.sae.run import Run, UnfinishedError
from recipes.sae.schedule import Schedule
from recipes.sae.training import TrainingSettings

WORDS = [
    "the",
    "cat",
    "sat",
    "on",
    "a",
    "mat",
    "and",
    "who",
    "knows",
    "where",
    "time",
    "goes",
    "rain",
    "tree",
]


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    rng = random.Random(0)
    path = tmp_path_factory.mktemp("text") / "lines.txt"
    lines = [" ".join(rng.choices(WORDS, k=rng.randint(3, 20))) for _ in range(600)]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def make_run(tiny_scope_folder, text, tmp_path):
    def make(out="out", work="work", **changes):
        options = {
            "reader": Reader.load(tiny_scope_folder, device="cpu"),
            "layers": (1, 2),
            "files": (text,),
            "out": tmp_path / out,
            "work": tmp_path / work,
            "settings": TrainingSettings(k=8, d_sae=64, batch=256),
            "schedule": Schedule(steps=30),
            "tokens": 3000,
            "pool_bytes": 2**20,
            "storage_dtype": torch.float32,
            "licence": "none",
        }
        return Run(**{**options, **changes})

    return make


def saes(folder):
    scope = Scope.load(folder, device="cpu")
    return [scope.sae(layer, decoder=True) for layer in scope.layers]


def test_a_run_that_was_stopped_goes_on_to_the_same_saes(make_run, tmp_path):
    make_run(out="whole", work="whole-work").go()
    stopped, calls = make_run(call_minutes=0), 0
    while True:
        calls += 1
        try:
            stopped.go()
            break
        except UnfinishedError:
            assert calls < 100
    assert calls > 30
    for left, right in zip(saes(tmp_path / "whole"), saes(tmp_path / "out"), strict=True):
        assert torch.equal(left.W_enc_FD, right.W_enc_FD)
        assert torch.equal(left.b_enc_F, right.b_enc_F)
        assert torch.equal(left.W_dec_DF, right.W_dec_DF)
        assert torch.equal(left.b_dec_D, right.b_dec_D)
