"""Training in several calls, with texts drawn by the steps or by processes ahead of them."""

import math

import numpy as np
import pytest
import torch

from recipes.nano import language_model
from recipes.nano.corpus import LANGUAGES, EncodedLines
from recipes.nano.language_model import train_language_model
from recipes.nano.mixture import Mixture
from recipes.nano.step_draws import drawn_ahead
from recipes.nano.training_settings import ModelTrainingSettings, settings_for

TINY = {"sequences": 1, "accumulate": 1, "pairs": 2, "sampled": 8}


@pytest.fixture
def mixture():
    ids = np.concatenate([np.arange(5 + line, 25 + line) for line in range(8)]).astype(np.uint16)
    lines = EncodedLines(ids, np.arange(0, 180, 20), np.ones(8, bool))
    empty = EncodedLines(np.zeros(0, np.uint16), np.zeros(1, np.int64), np.zeros(0, bool))
    documents = {code: (lines if code in ("en", "de") else empty) for code in LANGUAGES}
    groups = [{"en": lines[0], "de": lines[1]}]
    return Mixture(documents, documents, groups, [], lines, lines, np.array([3], dtype=np.uint16))


@pytest.fixture
def small_model(monkeypatch):
    real = language_model.nano_config()
    real.num_hidden_layers, real.vocab_size, real.hidden_size, real.intermediate_size = 5, 64, 16, 16
    real.layer_types = real.layer_types[:5]
    monkeypatch.setattr(language_model, "nano_config", lambda: real)
    monkeypatch.setattr(torch, "compile", lambda module, **_: module)


@pytest.mark.usefixtures("small_model")
def test_a_call_stops_in_time_and_the_next_goes_on_from_there(mixture, tmp_path):
    settings = ModelTrainingSettings(minutes=0.05, **TINY)
    checkpoint, said = tmp_path / "model.pt", []
    _, first = train_language_model(mixture, settings, checkpoint, said.append, call_minutes=0.02)
    assert 1.2 <= first["seconds"] < 3
    model, both = train_language_model(mixture, settings, checkpoint, said.append)
    assert both["seconds"] >= 3
    assert both["steps"] > first["steps"]
    assert any("resumed after 0.0 min" in line for line in said)
    again, same = train_language_model(mixture, settings, checkpoint, said.append)
    assert same == both
    for left, right in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(left, right)


@pytest.mark.parametrize("processes", [0, 2])
def test_drawn_texts_have_the_sizes_of_a_step_and_are_the_same_each_time(mixture, processes):
    settings = ModelTrainingSettings(minutes=1, sequences=3, accumulate=2, pairs=4, drawing=processes)

    def first(count, seed):
        draws = drawn_ahead(mixture, settings, 33, seed, torch.zeros((), dtype=torch.float64).share_memory_())
        return [next(draws) for _ in range(count)]

    some, same, other = first(3, 5), first(3, 5), first(3, 6)
    assert [ids.shape for ids in some[0].packed] == [(3, 33), (3, 33)]
    assert some[0].pair_ids.shape == some[0].pair_keep.shape == (8, 40)
    for left, right in zip(some, same, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(left.packed, right.packed, strict=True))
    assert not torch.equal(some[0].packed[0], other[0].packed[0])
    assert not torch.equal(some[0].packed[0], some[1].packed[0])


def test_a_gpu_takes_more_tokens_a_step_and_the_exact_loss():
    cpu, gpu = settings_for("cpu", 62), settings_for("cuda", 7)
    assert cpu == ModelTrainingSettings(62)
    assert gpu.sequences * gpu.accumulate == 4 * cpu.sequences * cpu.accumulate
    assert gpu.sampled >= language_model.VOCABULARY
    assert math.isclose(gpu.minutes, 7)
