"""e5 in int8: near float32, the same in every batch and on every processor, and never taken for float32."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

pytest.importorskip("onnxruntime")

from scopesift_features.backbone.e5.int8_scales import read_scales
from scopesift_features.catalogue.table import bundled_folder
from scopesift_features.reading.batches import make_batches
from scopesift_features.reading.document_features import document_features
from scopesift_features.reading.onnx import blocks, encoder
from scopesift_features.reading.onnx.blocks import OnnxBlocks
from scopesift_features.reading.onnx.encoder import OnnxEncoder, encode
from scopesift_features.reading.onnx.reader import OnnxReader, is_readable
from scopesift_features.reading.onnx.sessions import FOLDER, byte_kind
from scopesift_features.reading.selected_features import SelectedFeature
from scopesift_features.reading.windows import make_windows
from scopesift_features.scope import Scope
from scopesift_files.errors import ScopeError, UsageError

TEXTS = [
    "You are a wonderful person, and I mean it.",
    "",
    "Der Zug nach Hamburg fällt heute aus; bitte nehmen Sie den nächsten.",
    "今天天气很好",
    " ".join(f"Satz {number} von vielen." for number in range(200)),
    "kurz",
]


@pytest.fixture(scope="module")
def float32():
    return Scope.load("e5", device="cpu")


@pytest.fixture(scope="module")
def int8(float32):
    return float32.in_int8()


def _residuals(scope, layer=8):
    (batch, *_) = make_batches(make_windows(scope, TEXTS[:4]), 4096)
    found = OnnxBlocks(scope, [layer]).residuals(batch.ids_BT, batch.mask_BT)
    return found[layer][batch.keep_BT]


@pytest.mark.parametrize("layer", [4, 8])
def test_residuals_are_near_those_in_float32(float32, int8, layer):
    expected_TD, found_TD = _residuals(float32, layer), _residuals(int8, layer)
    spread = np.linalg.norm(expected_TD - expected_TD.mean(axis=0))
    assert 0 < np.linalg.norm(found_TD - expected_TD) < 0.08 * spread


def test_processors_that_add_bytes_in_pairs_get_the_same_bits(int8, monkeypatch):
    expected_TD, x_TD = _residuals(int8), _residuals(int8)
    expected = encode({8: OnnxEncoder(int8, 8)}, {8: x_TD})[8]
    if byte_kind(int8.folder / FOLDER) == "uint8":
        pytest.skip("signed weights lose products here")
    for module in (blocks, encoder):
        monkeypatch.setattr(module, "byte_kind", lambda folder: "uint8")
    np.testing.assert_array_equal(_residuals(int8), expected_TD)
    found = encode({8: OnnxEncoder(int8, 8)}, {8: x_TD})[8]
    np.testing.assert_array_equal(found.indices_E, expected.indices_E)
    np.testing.assert_array_equal(found.acts_E, expected.acts_E)


@pytest.mark.parametrize("layer", [4, 8])
def test_the_encode_is_near_that_in_float32(float32, int8, layer):
    x_TD = _residuals(float32, layer)
    expected, found = (
        encode({layer: OnnxEncoder(one, layer)}, {layer: x_TD})[layer] for one in (float32, int8)
    )
    theirs, ours = (
        dict(zip(zip(own.tokens_E, own.indices_E, strict=True), own.acts_E, strict=True))
        for own in (expected, found)
    )
    shared = theirs.keys() & ours.keys()
    assert len(theirs) == len(ours) == 40 * len(x_TD)
    assert 0.95 * len(theirs) < len(shared) < len(theirs)
    errors = [abs(theirs[pair] - ours[pair]) / theirs[pair] for pair in shared]
    assert 0 < np.mean(errors) < 0.03


@pytest.mark.parametrize("layer", [4, 8])
def test_torch_encodes_the_same_bytes(int8, layer):
    x_TD = _residuals(int8, layer)
    expected = encode({layer: OnnxEncoder(int8, layer)}, {layer: x_TD})[layer]
    found = int8.sae(layer).active(torch.from_numpy(x_TD))
    theirs_TF, ours_TF = np.zeros((2, len(x_TD), int8.d_sae), np.float32)
    theirs_TF[expected.tokens_E, expected.indices_E] = expected.acts_E
    ours_TF[found.tokens_E, found.indices_E] = found.values_E
    assert (np.abs(theirs_TF - ours_TF) < 1e-4).mean() > 0.99999
    assert (ours_TF > 0).sum() == 40 * len(x_TD)


def _reader(scope, threads=None):
    rng = np.random.default_rng(0)
    features = [
        SelectedFeature(layer, int(index))
        for layer in (4, 8)
        for index in rng.choice(scope.d_sae, 1500, replace=False)
    ]
    reader = OnnxReader(scope, features)
    if threads is not None:
        reader.threads = threads
    return reader


def test_a_text_has_the_same_activations_in_every_batch(int8):
    reader = _reader(int8)
    together, alone = reader.read(TEXTS), reader.read(TEXTS, max_tokens=1)
    # sums of the attention in another order may move a value over the edge of a step of 8 bits
    same = np.abs(together.acts_NS - alone.acts_NS) < 2e-3
    assert same.mean() > 0.999
    assert (alone.acts_NS > 0).sum() > 300


def test_the_number_of_threads_changes_no_bit(float32):
    one, two = (_reader(float32.in_int8(), threads).read(TEXTS).acts_NS for threads in (1, 2))
    np.testing.assert_array_equal(one, two)


def test_halting_after_a_layer_changes_no_bit(int8):
    reader = _reader(int8)
    (batch, *_) = make_batches(make_windows(int8, TEXTS[:4]), 4096)
    halted = reader.read_shallow(batch, 4)
    parts = [*halted.reading.maxima, *reader.read_deeper(halted, np.arange(len(batch.windows))).maxima]
    for whole, part in zip(reader.read_batch(batch).maxima, parts, strict=True):
        np.testing.assert_array_equal(part.acts_WS, whole.acts_WS)


def test_fitting_reads_what_verdicts_read(int8):
    reader = _reader(int8)
    found = document_features(int8, TEXTS, [4, 8])
    for own in reader.features:
        dense_NS = found.acts[own.layer][:, own.indices_S].toarray()
        same = np.abs(dense_NS - reader.read(TEXTS).acts_NS[:, own.columns_S]) < 2e-3
        assert same.mean() > 0.9995


def test_the_scales_are_part_of_the_scopes_identity(float32, int8):
    assert (int8.settings.dtype, float32.settings.dtype) == ("int8", "float32")
    assert int8.fingerprint["id"] == float32.fingerprint["id"]
    assert int8.fingerprint["sha256"] != float32.fingerprint["sha256"]


def test_layers_and_bounds_are_kept(float32):
    narrow = float32.only([4]).with_bounds({4: 3.0}).in_int8()
    assert (narrow.layers, narrow.norm_bounds) == ((4,), {4: 3.0})
    assert is_readable(narrow, [4])


def test_torch_does_not_run_it(int8):
    with pytest.raises(ScopeError, match="torch, which is needed here, does not run e5 in int8"):
        int8.backbone(4)


def test_a_layer_without_a_graph_is_refused(int8):
    with pytest.raises(ScopeError, match="e5 has no graph of 11 blocks in int8"):
        int8.residual_source(10)


def test_scopes_without_scales_are_refused():
    with pytest.raises(UsageError, match="nano has no scales for int8, only e5 has"):
        Scope.load("nano", device="cpu", dtype="int8")


def test_other_devices_are_refused(float32, monkeypatch):
    monkeypatch.setattr(float32, "device", "cuda")
    with pytest.raises(UsageError, match="int8 is for the CPU, not for the device cuda; add --device cpu"):
        float32.in_int8()


def test_scales_of_other_sizes_are_refused(tmp_path):
    sizes = SimpleNamespace(hidden=384, intermediate=1536)
    path = tmp_path / "scales.npz"
    stored = dict(np.load(bundled_folder("e5") / "onnx" / "int8.npz"))
    for damaged in (stored["largest"][:2], stored["largest"] - 2000):
        np.savez(path, **{**stored, "largest": damaged})
        with pytest.raises(ScopeError, match="largest has"):
            read_scales(path, sizes, 8)
