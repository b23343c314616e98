"""An encoder as a scope: what stands around its texts, how long they may be, folders without SAEs."""

import json
import shutil

import numpy as np
import pytest
import torch
from scopesift_features.catalogue.settings import ReadingSettings
from scopesift_features.pulling.pull import pull
from scopesift_features.reader import Reader
from scopesift_features.reading.batching.windows import make_windows
from scopesift_features.reading.document_features import document_features
from scopesift_features.reading.extract import stream_residuals
from scopesift_features.scope import Scope
from scopesift_files.errors import ScopeError, UsageError

TEXT = "You are such an idiot, shut up!"


@pytest.fixture
def bare(tiny_encoder_scope_folder, tmp_path):
    """A backbone that somebody downloaded, and nothing else."""
    shutil.copytree(tiny_encoder_scope_folder / "backbone", tmp_path / "my-bert" / "backbone")
    return tmp_path / "my-bert"


def test_residuals_are_those_of_transformers_own_model_with_its_own_special_tokens(tiny_encoder_scope):
    from transformers import AutoModel, AutoTokenizer

    folder = tiny_encoder_scope.folder / "backbone"
    inputs = AutoTokenizer.from_pretrained(folder)(TEXT, return_tensors="pt")
    with torch.inference_mode():
        model = AutoModel.from_pretrained(folder).eval()
        hidden = model(inputs["input_ids"], inputs["attention_mask"], output_hidden_states=True).hidden_states
    windows = make_windows(tiny_encoder_scope, [TEXT])
    assert windows[0].ids.tolist() == inputs["input_ids"][0].tolist()
    (read,) = stream_residuals(tiny_encoder_scope, windows, [0, 3])
    for layer in (0, 3):
        assert torch.equal(read.resid_TD[layer], hidden[layer + 1][0, 1:-1])


def test_every_window_of_a_long_text_is_an_encoders_whole_input(tiny_encoder_scope):
    windows = make_windows(tiny_encoder_scope, ["The cat sat on the mat. " * 60])
    assert len(windows) > 3
    for window in windows:
        assert (window.ids[0], window.ids[-1]) == (2, 3)
        assert np.flatnonzero(~window.keep).tolist() == [0, len(window.ids) - 1]
    assert document_features(tiny_encoder_scope, ["The cat sat on the mat. " * 60], [3]).acts[3].nnz > 0


def test_windows_longer_than_the_positions_are_refused_in_one_line(tmp_path, write_encoder_scope):
    scope = Scope.load(write_encoder_scope(tmp_path / "long", window_tokens=65), device="cpu")
    with pytest.raises(
        ScopeError, match=r"window_tokens is 65, but the backbone has 64 positions; .*scope\.json"
    ):
        scope.backbone(0)


def test_an_encoder_without_scope_json_is_read_as_its_tokenizer_wants_it(bare):
    reader = Reader.load(bare, device="cpu")
    assert reader.settings == ReadingSettings(
        ("[CLS]",), ("[SEP]",), "prefix", window_tokens=64, overlap_tokens=8
    )
    assert (reader.id, reader.d_model, reader.n_layers) == ("my-bert", 32, 4)
    assert len(list(stream_residuals(reader, make_windows(reader, [TEXT]), [2]))) == 1
    assert not (bare / "scope.json").exists()


def test_a_decoder_without_scope_json_has_no_prefix_and_skips_the_first_and_extreme_tokens(
    copy_of_tiny_scope,
):
    (copy_of_tiny_scope / "scope.json").unlink()
    assert Reader.load(copy_of_tiny_scope, device="cpu").settings == ReadingSettings(norm_limit=10.0)


def test_xlm_r_has_fewer_positions_than_rows_in_its_table(checkpoints, tmp_path, tiny_encoder_scope_folder):
    folder, model = checkpoints("xlm-roberta")
    (tmp_path / "backbone").mkdir()
    for path in folder.iterdir():
        (tmp_path / "backbone" / path.name).symlink_to(path)
    shutil.copy(tiny_encoder_scope_folder / "backbone" / "tokenizer.json", tmp_path / "backbone")
    assert model.config.max_position_embeddings == 64
    reader = Reader.load(tmp_path, device="cpu")
    assert reader.settings.window_tokens == 62
    backbone = reader.backbone(0)
    ids_BT = torch.full((1, 62), 7)
    assert backbone.residuals(ids_BT, torch.ones_like(ids_BT), [0])[0].shape == (1, 62, 32)


def test_a_backbone_without_saes_gets_a_scope_json_to_edit(bare):
    told = []
    assert pull(str(bare), tell=told.append) == bare
    assert json.loads((bare / "scope.json").read_text())["settings"]["suffix"] == "[SEP]"
    assert "python -m recipes.sae" in told[-1]
    assert Reader.load(bare, device="cpu").settings.suffix == ("[SEP]",)
    with pytest.raises(ScopeError, match=r"sae/config\.json is missing"):
        Scope.load(bare, device="cpu")
    with pytest.raises(UsageError, match=r"sae/config\.json is missing.*; a scope folder"):
        pull(str(bare), layers=[1])


def test_saes_beside_an_encoder_make_a_scope(bare, random_saes):
    from scopesift_features.sae.config import SAEConfig

    (bare / "sae").mkdir()
    SAEConfig("my-bert", d_model=32, d_sae=128, k=8, num_layers=4).write(bare / "sae")
    (sae,) = random_saes(layers=[2])
    tensors = {"W_enc": sae.W_enc_FD, "b_enc": sae.b_enc_F, "W_dec": sae.W_dec_DF, "b_dec": sae.b_dec_D}
    torch.save(tensors, bare / "sae" / "layer2.sae.pt")
    scope = Scope.load(pull(str(bare)), device="cpu")
    assert (scope.settings.prefix, scope.settings.suffix, scope.layers) == (("[CLS]",), ("[SEP]",), (2,))
    assert document_features(scope, [TEXT], [2]).acts[2].nnz > 0
