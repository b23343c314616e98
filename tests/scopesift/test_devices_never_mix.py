"""Reading texts on a GPU: no operation gets tensors of the GPU and of the CPU, and the host seldom waits."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from scopesift_classifiers.artifact.classifier import Classifier

TEXTS = ["you idiot number 5", "a fine cat", "", "the cat sat on the idiot mat " * 20]
pytestmark = [
    pytest.mark.skipif(torch.cuda.is_available(), reason="a real GPU shows it better"),
    pytest.mark.skipif(
        importlib.metadata.version("torch") < "2.13", reason="pretends by what torch has from 2.13 on"
    ),
]


@pytest.fixture(scope="module")
def pretended(tiny_scope_folder, artifact):
    pytest.importorskip("triton")
    program = Path(__file__).with_name("pretend_gpu.py")
    command = [sys.executable, str(program), str(tiny_scope_folder), str(artifact), *TEXTS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_nothing_mixes_devices_and_activations_are_float32s(
    pretended, tiny_scope, artifact, float32_features
):
    """Torch has another attention for the device, and processors add in different orders: the last bits may differ."""
    layer = tiny_scope.layers[0]
    low_NF, high_NF = float32_features(tiny_scope, TEXTS, layer)
    for name in ("document_features", "token_features"):
        assert ((low_NF <= pretended[name]) & (pretended[name] <= high_NF)).all(), name
    features = sorted(Classifier.load(artifact).features)
    bounds = {layer: float32_features(tiny_scope, TEXTS, layer) for layer, _ in features}
    low_NS, high_NS = (
        np.stack([bounds[layer][side][:, index] for layer, index in features], axis=1) for side in (0, 1)
    )
    assert np.count_nonzero(low_NS) >= 2
    for name in ("selected", "activations"):
        assert ((low_NS <= pretended[name]) & (pretended[name] <= high_NS)).all(), name


def test_scores_are_those_of_the_devices_activations_to_the_last_bit(pretended, artifact):
    """Rules and calibration are the host's. Scores themselves can't be compared: see `Calibration`."""
    classifier = Classifier.load(artifact)
    columns = [
        sorted(classifier.features).index((item.layer, item.index)) for item in classifier.default.features
    ]
    acts_NS = np.array(pretended["selected"], dtype=np.float32)[:, columns]
    score_N = classifier.default.scores(classifier.default.margins(acts_NS))[:, 0]
    assert pretended["scores"] == score_N.tolist()
    assert pretended["flagged"] == (score_N >= classifier.default.cut).tolist()
    assert set(pretended["flagged"]) == {True, False}


def test_the_host_waits_for_the_device_a_few_times_a_batch(pretended):
    """For the padding, the first round and perhaps another; once each for encoder, bias, features and floors."""
    assert sum(pretended["waits"].values()) <= 3 * pretended["batches"] + 4, pretended["waits"]


def test_the_pretended_gpu_refuses_a_mixture():
    """Else the other tests could not fail."""
    program = Path(__file__).with_name("pretend_gpu.py")
    code = f"""
import runpy, torch
pretended = runpy.run_path({str(program)!r})
pretended["pretend"]()
with pretended["Mode"]():
    torch.ones(3, device="pretended:0") + torch.ones(3)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "aten.add.Tensor got tensors of the device and of the CPU: [(3,)]" in done.stderr
