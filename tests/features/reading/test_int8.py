"""e5 in int8: near float32, the same in every batch and on every processor, and never taken for float32."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

pytest.importorskip("onnxruntime")

from scopesift_features.backbone.e5.int8_scales import read_scales
from scopesift_features.catalogue.table import bundled_folder
from scopesift_features.int8.scales_file import read_encoder_scales
from scopesift_features.reading.batching.batches import make_batches
from scopesift_features.reading.batching.windows import make_windows
from scopesift_features.reading.document_features import document_features
from scopesift_features.reading.onnx import blocks, encoder
from scopesift_features.reading.onnx.blocks import OnnxBlocks
from scopesift_features.reading.onnx.encoder import OnnxEncoder, encode
from scopesift_features.reading.onnx.reader import OnnxReader, is_readable
from scopesift_features.reading.onnx.sessions import FOLDER, byte_kind
from scopesift_features.reading.selected_features import SelectedFeature
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
    if byte_kind(int8.folder / FOLDER) == "uint8":
        pytest.skip("signed weights lose products here")
    x_TD = _residuals(int8)
    expected = encode({8: OnnxEncoder(int8, 8)}, {8: x_TD})[8]
    for module in (blocks, encoder):
        monkeypatch.setattr(module, "byte_kind", lambda folder: "uint8")
    np.testing.assert_array_equal(_residuals(int8), x_TD)
    found = encode({8: OnnxEncoder(int8, 8)}, {8: x_TD})[8]
    np.testing.assert_array_equal(found.indices_E, expected.indices_E)
    np.testing.assert_array_equal(found.acts_E, expected.acts_E)


@pytest.mark.parametrize("layer", [4, 8])
def test_the_encode_is_near_that_in_float32(float32, int8, layer):
    x_TD = _residuals(float32, layer)
    expected, found = (
        encode({layer: OnnxEncoder(one, layer)}, {layer: x_TD})[layer] for one in (float32, int8)
    )
    theirs, ours = _pairs(expected), _pairs(found)
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
    theirs = _pairs(expected)
    ours = _by_place(found.tokens_E, found.indices_E, found.values_E)
    assert len(theirs.keys() ^ ours.keys()) <= 2
    assert max(abs(theirs[pair] - ours[pair]) for pair in theirs.keys() & ours.keys()) < 1e-5


def _pairs(active):
    return _by_place(active.tokens_E, active.indices_E, active.acts_E)


def _by_place(tokens_E, indices_E, acts_E):
    return {
        (token, index): act
        for token, index, act in zip(tokens_E.tolist(), indices_E.tolist(), acts_E.tolist(), strict=True)
    }


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
    found, read_NS = document_features(int8, TEXTS, [4, 8]), reader.read(TEXTS).acts_NS
    for own in reader.features:
        dense_NS = found.acts[own.layer][:, own.indices_S].toarray()
        same = np.abs(dense_NS - read_NS[:, own.columns_S]) < 2e-3
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
        with pytest.raises(ScopeError, match="largest"):
            read_scales(path, sizes, 8)


@pytest.mark.parametrize(
    "damaged", [None, np.ones(3), np.ones((384, 1)), np.zeros(384), np.full(384, np.nan)]
)
def test_scales_of_an_encoder_that_do_not_fit_are_refused(tmp_path, damaged):
    stored = dict(np.load(bundled_folder("e5") / "onnx" / "int8.npz"))
    del stored["encoder4.scale"]
    np.savez(tmp_path / "int8.npz", **stored, **({} if damaged is None else {"encoder4.scale": damaged}))
    with pytest.raises(
        ScopeError, match=r"int8.npz cannot be read .*encoder4.scale.* install scopesift again"
    ):
        read_encoder_scales(tmp_path / "int8.npz", 4, 384)


def test_residuals_are_rounded_half_to_even_and_clipped(int8):
    sae = int8.sae(4)
    steps = torch.tensor([-1000.0, -128.4, -1.5, 0.5, 126.6, 1000.0])
    x_TD = sae.centre_D + steps[:, None] * sae.scale_D
    found = (sae.rounded(x_TD)[:, 0] - sae.centre_D[0]) / sae.scale_D[0]
    np.testing.assert_allclose(found, [-128, -128, -2, 0, 127, 127], atol=1e-3)


def test_its_sae_has_rounded_weights_and_the_decoder_of_float32(float32, int8):
    ours, theirs = (scope.sae(4, decoder=True) for scope in (int8, float32))
    assert torch.equal(ours.W_dec_DF, theirs.W_dec_DF)
    theirs_FD = theirs.W_enc_FD.float()
    assert 0 < (ours.W_enc_FD - theirs_FD).norm() < 0.03 * theirs_FD.norm()
