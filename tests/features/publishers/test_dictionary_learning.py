import json
import pickle

import pytest
import torch
from scopesift_features.publishers.dictionary_learning import read
from scopesift_features.sae.threshold import BatchTopKSAE
from scopesift_files.errors import ScopeError

TRAINER = {
    "dict_class": "BatchTopKSAE",
    "layer": 3,
    "submodule_name": "resid_post_layer_3",
    "lm_name": "Qwen/tiny",
}


@pytest.fixture
def folder(tmp_path, weights):
    """`folder(trainer, tensors)`: a folder of dictionary_learning."""

    def write(trainer=None, **changes):
        tensors = {
            "encoder.weight": weights["W_enc"].T,
            "encoder.bias": weights["b_enc"],
            "decoder.weight": weights["W_dec"].T,
            "b_dec": weights["b_dec"],
            "threshold": torch.tensor(4.0),
            "k": torch.tensor(40),
        }
        kept = {name: value for name, value in (tensors | changes).items() if value is not None}
        torch.save(kept, tmp_path / "ae.pt")
        (tmp_path / "config.json").write_text(json.dumps({"trainer": TRAINER | (trainer or {})}))
        return tmp_path

    return write


def test_a_batch_topk_sae_reads_the_residual_without_b_dec_above_one_threshold(folder, weights, x_TD, dense):
    found = read(folder())
    assert type(found.sae) is BatchTopKSAE
    assert (found.sae.layer, found.base_model) == (3, "Qwen/tiny")
    pre_TF = (x_TD - weights["b_dec"]) @ weights["W_enc"] + weights["b_enc"]
    torch.testing.assert_close(dense(found.sae, x_TD), pre_TF * (pre_TF > 4), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ("trainer", "changes", "message"),
    [
        ({"dict_class": "GatedAutoEncoder"}, {}, "dict_class is 'GatedAutoEncoder'"),
        ({"submodule_name": "mlp_out_layer_3"}, {}, "only resid_post_layer_<n>"),
        ({"layer": None}, {}, "layer None"),
        ({}, {"threshold": None}, "threshold should be one number"),
        ({}, {"threshold": torch.tensor(-1.0)}, "from 0 on"),
        ({}, {"decoder.weight": None}, "has no tensor W_dec"),
    ],
)
def test_what_cannot_be_honoured_is_refused(folder, trainer, changes, message):
    with pytest.raises(ScopeError, match=message):
        read(folder(trainer, **changes))


def test_code_in_the_pickle_is_not_run(folder):
    class Bomb:
        def __reduce__(self):
            return print, ("run",)

    place = folder()
    (place / "ae.pt").write_bytes(pickle.dumps({"threshold": Bomb()}))
    with pytest.raises(ScopeError, match="not a plain dictionary of tensors"):
        read(place)
