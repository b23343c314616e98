"""nano's SAEs are trained with the recipe that anyone can use, on its own documents."""

import math
import random

import numpy as np
import pytest
import torch
from scopesift_features.scope import Scope
from transformers import Qwen3Config, Qwen3ForCausalLM

from recipes.nano import stages
from recipes.nano.stages import Recipe
from recipes.nano.training_settings import ModelTrainingSettings
from recipes.sae.run import UnfinishedError


@pytest.fixture
def recipe(tmp_path, monkeypatch, tiny_scope_folder):
    tokenizer = (tiny_scope_folder / "backbone" / "tokenizer.json").read_bytes()
    (tmp_path / "tokenizer.json").write_bytes(tokenizer)
    config = Qwen3Config(
        vocab_size=600,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
    )
    monkeypatch.setattr(stages, "nano_config", lambda: config)
    torch.manual_seed(0)
    state = {"model": Qwen3ForCausalLM(config).state_dict(), "done": {"steps": 7, "seconds": 60.0}}
    torch.save(state, tmp_path / "language_model.pt")

    class Documents:
        def __init__(self, _mixture, seed):
            self.rng = random.Random(seed)

        def document(self, progress):
            # printable characters of a byte-level vocabulary: <|endoftext|> is token 0
            return np.array([self.rng.randint(1, 90) for _ in range(20)])

    monkeypatch.setattr(stages, "Sampler", Documents)
    monkeypatch.setattr(Recipe, "mixture", None)
    return Recipe(
        data=tmp_path,
        out=tmp_path / "out",
        work=tmp_path,
        training=ModelTrainingSettings(minutes=1),
        call_minutes=0,
        sae_minutes=0.01,
        pool_documents=600,
        k=4,
        say=lambda _line: None,
    )


def test_a_call_stops_in_time_and_the_next_gives_every_block_its_sae(recipe, tmp_path):
    with pytest.raises(UnfinishedError):
        recipe.saes()
    recipe.call_minutes = math.inf
    recipe.saes()
    scope = Scope.load(tmp_path / "scope-7", device="cpu")
    assert (scope.id, scope.layers, scope.k, scope.d_sae) == ("nano", (0, 1), 4, 256)
