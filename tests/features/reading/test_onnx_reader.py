"""The reader without torch reads what torch's reads, on the bundled e5."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

pytest.importorskip("onnxruntime")

from scopesift_features.reading.batching.batches import make_batches
from scopesift_features.reading.batching.windows import make_windows
from scopesift_features.reading.onnx.encoder import OnnxEncoder, encode
from scopesift_features.reading.onnx.reader import OnnxReader, is_readable
from scopesift_features.reading.selected_features import SelectedFeature
from scopesift_features.reading.torch_reader import TorchReader
from scopesift_features.scope import Scope

TEXTS = [
    "You are a wonderful person, and I mean it.",
    "",
    "Der Zug nach Hamburg fällt heute aus; bitte nehmen Sie den nächsten.",
    "今天天气很好",
    "na\u0308chste Zeile\n\n\tund  weiter 🙂",
    " ".join(f"Satz {number} von vielen." for number in range(200)),
    "kurz",
]


@pytest.fixture(scope="module")
def scope():
    return Scope.load("e5", device="cpu")


def _readers(scope, layers=(4, 8), norm_bound=np.inf, floor=0.0):
    rng = np.random.default_rng(0)
    features = [
        SelectedFeature(layer, int(index), norm_bound, floor)
        for layer in layers
        for index in rng.choice(scope.d_sae, 1500, replace=False)
    ]
    return OnnxReader(scope, features), TorchReader(scope, features)


def _same(acts, others):
    """Equal up to rounding: of residuals to bfloat16, and of the k-th and the next activation that are nearly equal."""
    assert (others > 0).any()
    assert (np.abs(acts - others) < 2e-3).mean() > 0.9995


def test_activations_and_places_are_those_of_torch(scope):
    ours, torchs = (reader.read(TEXTS, max_tokens=1024) for reader in _readers(scope))
    _same(ours.acts_NS, torchs.acts_NS)
    assert (torchs.acts_NS > 0).sum() > 500
    for name in ("starts", "ends"):
        same = getattr(ours.places, name) == getattr(torchs.places, name)
        assert same.mean() > 0.9995
    assert (ours.acts_NS[1] == 0).all()


def test_padding_and_batches_do_not_change_activations(scope):
    reader, _ = _readers(scope)
    together, alone = reader.read(TEXTS), reader.read(TEXTS, max_tokens=1)
    _same(together.acts_NS, alone.acts_NS)


def test_bounds_and_floors_leave_out_what_torch_leaves_out(scope):
    windows = make_windows(scope, TEXTS)
    (batch, *_) = make_batches(windows, 4096)
    reader, _ = _readers(scope, layers=(8,))
    norms = np.linalg.norm(reader.residuals(batch)[8][batch.keep_BT], axis=1)
    ours, torchs = (
        one.read(TEXTS) for one in _readers(scope, (8,), norm_bound=float(np.median(norms)), floor=0.05)
    )
    _same(ours.acts_NS, torchs.acts_NS)
    assert not ((ours.acts_NS > 0) & (ours.acts_NS <= 0.05)).any()


def test_the_shallow_layer_alone_needs_the_shallow_graph_only(scope):
    ours, torchs = _readers(scope, layers=(4,))
    _same(ours.read(TEXTS).acts_NS, torchs.read(TEXTS).acts_NS)


def test_tokens_have_the_activations_whose_maxima_are_read(scope):
    reader, _ = _readers(scope)
    (batch,) = make_batches(make_windows(scope, TEXTS[:1]), 4096)
    np.testing.assert_allclose(
        reader.token_acts(batch).max(axis=0), reader.read(TEXTS[:1]).acts_NS[0], atol=2e-3
    )


def test_the_number_of_threads_changes_no_bit():
    read = []
    for threads in (1, 2):
        reader, _ = _readers(Scope.load("e5", device="cpu"))
        reader.threads = threads
        read.append(reader.read(TEXTS))
    np.testing.assert_array_equal(read[0].acts_NS, read[1].acts_NS)


def test_readers_of_the_same_layers_share_their_sessions(scope):
    (one, _), (other, _) = _readers(scope), _readers(scope, floor=0.1)
    assert one._model is other._model
    assert one._model is not _readers(scope, layers=(4,))[0]._model


def test_threads_that_read_first_at_once_share_the_sessions(monkeypatch):
    opened = []

    def count(self, scope, layer, own=OnnxEncoder.__init__):
        opened.append(layer)
        own(self, scope, layer)

    monkeypatch.setattr(OnnxEncoder, "__init__", count)
    reader, _ = _readers(Scope.load("e5", device="cpu"))
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: reader.read(TEXTS[:1]).acts_NS, range(6)))
    assert sorted(opened) == [4, 8]
    for acts_NS in found:
        np.testing.assert_array_equal(acts_NS, found[0])


def test_a_number_of_threads_set_later_counts_for_the_encode(scope, monkeypatch):
    reader, _ = _readers(Scope.load("e5", device="cpu"))
    used = []

    def told(encoders, residuals, pool, threads):
        used.append((pool is not None, threads))
        return encode(encoders, residuals, pool, threads)

    monkeypatch.setattr("scopesift_features.reading.onnx.reader.encode", told)
    for threads in (1, 3, 1):
        reader.threads = threads
        reader.read(TEXTS[:1])
    assert used == [(False, 1), (True, 3), (False, 1)]


def test_other_scopes_and_precisions_are_left_to_torch(scope):
    assert is_readable(scope, [4, 8])
    assert not is_readable(scope, [3])
    assert not is_readable(Scope.load("e5", device="cpu", dtype="bfloat16"), [4])
    assert not is_readable(Scope.load("nano", device="cpu"), [3])


def test_the_reader_is_imported_without_torch():
    code = """
import sys
import scopesift_features.reading.onnx.reader
heavy = {"torch", "transformers", "scipy", "sklearn", "onnx", "safetensors", "pyarrow"} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("which", [0, 1], ids=["onnx", "torch"])
def test_running_on_for_some_windows_gives_what_the_whole_batch_gives(scope, which):
    reader = _readers(scope)[which].without_places()
    texts = [f"Satz {number} von vielen, {'wirklich ' * (number % 3)}langen." for number in range(6)]
    (batch,) = make_batches(make_windows(scope, texts), 4096)
    rows_W = np.array([0, 2, 5])
    whole = reader.read_batch(batch)
    halted = reader.read_shallow(batch, 4)
    deeper = reader.read_deeper(halted, rows_W)
    acts = {layer: found.acts_WS for layer, found in zip((4, 8), whole.maxima, strict=True)}
    (shallow,) = halted.reading.maxima
    _same(shallow.acts_WS, acts[4])
    _same(deeper.maxima[-1].acts_WS, acts[8][rows_W])
    assert deeper.document_W.tolist() == whole.document_W[rows_W].tolist()
