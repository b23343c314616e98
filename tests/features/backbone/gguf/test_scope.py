"""GGUF files as backbones of scopes: alone, in a folder, under SAEs."""

import json
import shutil

import pytest
import torch
from scopesift_features.backbone.source import FolderBackbone, GgufBackbone
from scopesift_features.catalogue.settings import ReadingSettings
from scopesift_features.pulling.doctor import examine
from scopesift_features.pulling.pull import pull
from scopesift_features.reader import Reader
from scopesift_features.reading.document_features import document_features
from scopesift_features.sae.config import SAEConfig
from scopesift_features.sae.files import write_safetensors
from scopesift_features.scope import Scope
from scopesift_files.errors import ScopeError, UsageError

TEXTS = ["You are such an idiot, shut up!", "Das Wetter ist heute schön."]


@pytest.fixture
def blob(gguf_file, tmp_path):
    """As Ollama keeps a model: named by its hash, without an extension."""
    path = tmp_path / "blobs" / "sha256-0123abcd"
    path.parent.mkdir()
    shutil.copyfile(gguf_file("qwen3").path, path)
    return path


@pytest.fixture
def folder(gguf_file, tmp_path, random_saes):
    """A scope folder of somebody's own, with a GGUF file as its backbone."""
    folder = tmp_path / "my-scope"
    (folder / "backbone").mkdir(parents=True)
    shutil.copyfile(gguf_file("qwen3").path, folder / "backbone" / "model.gguf")
    (folder / "sae").mkdir()
    SAEConfig("my-scope", d_model=32, d_sae=128, k=8, num_layers=4).write(folder / "sae")
    for sae in random_saes(layers=[1, 2]):
        write_safetensors(sae, folder / "sae")
    return folder


def in_hugging_face_format(folder, file, target):
    """The same scope with the backbone as transformers writes it."""
    shutil.copytree(folder, target)
    (target / "backbone" / "model.gguf").unlink()
    file.model.save_pretrained(target / "backbone")
    file.tokenizer.save(str(target / "backbone" / "tokenizer.json"))
    return target


def test_a_file_alone_is_read_as_a_decoder_without_scope_json(blob):
    reader = Reader.load(blob, device="cpu")
    assert reader.settings == ReadingSettings(norm_limit=10.0)
    assert (reader.id, reader.d_model, reader.n_layers) == ("sha256-0123abcd", 32, 4)
    assert reader.backbone(1).deepest == 1


def test_a_file_alone_is_no_scope_and_the_message_says_how_to_make_one(blob):
    with pytest.raises(
        UsageError, match=r"is a backbone without SAEs; `python -m recipes\.sae --scope .*` trains"
    ):
        Scope.load(blob)


def test_a_scope_over_a_gguf_file_has_the_features_of_the_same_weights_in_a_folder(
    folder, gguf_file, tmp_path
):
    assert pull(str(folder), tell=lambda _line: None) == folder
    other = in_hugging_face_format(folder, gguf_file("qwen3"), tmp_path / "other")
    scopes = [Scope.load(one, device="cpu") for one in (folder, other)]
    assert isinstance(scopes[0].source, GgufBackbone)
    assert isinstance(scopes[1].source, FolderBackbone)
    features = [document_features(scope, TEXTS, [1, 2]) for scope in scopes]
    for layer in (1, 2):
        assert features[0].acts[layer].nnz > 0
        assert (features[0].acts[layer] != features[1].acts[layer]).nnz == 0


def test_a_scope_is_the_same_when_its_file_is_renamed_and_another_when_it_is_changed(folder):
    pull(str(folder), tell=lambda _line: None)
    before = Scope.load(folder, device="cpu").fingerprint
    path = (folder / "backbone" / "model.gguf").rename(folder / "backbone" / "sha256-77")
    assert Scope.load(folder, device="cpu").fingerprint == before
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)
    assert Scope.load(folder, device="cpu").fingerprint != before


def test_a_folder_without_saes_gets_a_scope_json(blob, tmp_path):
    folder = tmp_path / "bare"
    (folder / "backbone").mkdir(parents=True)
    blob.rename(folder / "backbone" / blob.name)
    pull(str(folder), tell=lambda _line: None)
    assert json.loads((folder / "scope.json").read_text())["settings"]["norm_limit"] == 10.0
    assert Reader.load(folder, device="cpu").d_model == 32


def test_saes_of_another_width_are_refused(folder):
    SAEConfig("my-scope", d_model=64, d_sae=128, k=8, num_layers=4).write(folder / "sae")
    with pytest.raises(ScopeError, match=r"has width 32 and 4 layers, but the SAEs beside it want width 64"):
        pull(str(folder), tell=lambda _line: None)


def test_the_doctor_sizes_it(folder):
    pull(str(folder), tell=lambda _line: None)
    found = {one.topic: one for one in examine(str(folder))}
    assert "memory" in found
    assert not any("cannot" in one.text for one in found.values())


def test_two_files_are_refused_and_safetensors_come_first(folder, gguf_file):
    backbone = folder / "backbone"
    shutil.copyfile(backbone / "model.gguf", backbone / "other.gguf")
    with pytest.raises(ScopeError, match=r"several GGUF files, model\.gguf and other\.gguf; keep one"):
        Reader.load(folder, device="cpu")
    gguf_file("qwen3").model.save_pretrained(backbone)
    assert isinstance(Reader.load(folder, device="cpu").source, FolderBackbone)


def test_arithmetic_is_done_in_the_precision_asked_for(blob):
    backbone = Reader.load(blob, device="cpu", dtype="bfloat16").backbone(0)
    assert {weight.dtype for weight in backbone.model.parameters()} == {torch.bfloat16}
