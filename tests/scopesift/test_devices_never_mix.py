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
from scopesift_classifiers.classifier import Classifier
from scopesift_classifiers.engine import Engine
from scopesift_features.document_features import document_features

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
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_nothing_mixes_devices_and_answers_are_the_cpus(pretended, tiny_scope, artifact):
    classifier = Classifier.load(artifact)
    verdicts = Engine(tiny_scope, [classifier]).predict(TEXTS)
    assert pretended["scores"] == pytest.approx([verdict["toxicity"].score for verdict in verdicts], abs=1e-5)
    assert np.count_nonzero(pretended["activations"]) >= 2
    layer = tiny_scope.layers[0]
    document = document_features(tiny_scope, TEXTS, [layer]).acts[layer]
    assert pretended["document_features"] == pytest.approx([document.nnz, float(document.sum())], rel=1e-5)


def test_the_host_waits_for_the_device_a_few_times_a_batch(pretended):
    """For the padding, twice for what the encode is given, twice for its rounds; and once for the weights."""
    assert sum(pretended["waits"].values()) <= 5 * pretended["batches"] + 1


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
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 1
    assert "aten.add.Tensor got tensors of the device and of the CPU: [(3,)]" in done.stderr
