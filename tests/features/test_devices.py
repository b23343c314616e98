"""Which device and precision a scope is read in; spreading over several GPUs is accelerate's work."""

import sys

import pytest
import torch
from scopesift_features.backbone.cut import Backbone, load_backbone
from scopesift_features.reading.document_features import document_features
from scopesift_features.scope import Scope
from scopesift_files.errors import UsageError

TEXTS = ["The cat sat on the mat.", "Сегодня хорошая погода"]


@pytest.fixture
def bfloat16_scope(tmp_path, write_scope):
    return write_scope(tmp_path / "s", dtype="bfloat16")


def test_a_processor_with_bfloat16_uses_it(bfloat16_scope, monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    assert Scope.load(bfloat16_scope, device="cpu").dtype == torch.bfloat16


def test_a_processor_without_bfloat16_reads_in_float32(bfloat16_scope, monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    scope = Scope.load(bfloat16_scope, device="cpu")
    assert scope.dtype == torch.float32
    assert scope.settings.dtype == "float32"  # what artifacts record is what was computed in


@pytest.mark.parametrize(("has", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_a_gpu_reads_in_bfloat16_if_it_has_it(bfloat16_scope, monkeypatch, has, dtype):
    monkeypatch.setattr(torch, "empty", lambda *_args, **_named: None)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has)
    assert Scope.load(bfloat16_scope, device="cuda").dtype == dtype


def test_a_precision_that_is_asked_for_is_used(bfloat16_scope, monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    assert Scope.load(bfloat16_scope, device="cpu", dtype="float32").dtype == torch.float32


def test_spreading_without_accelerate_names_it(tiny_scope_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(UsageError, match=r"not installed; `pip install accelerate`"):
        Scope.load(tiny_scope_folder, device="auto")


def test_a_spread_backbone_reads_the_same(tiny_scope_folder, tiny_scope):
    pytest.importorskip("accelerate")
    spread = document_features(Scope.load(tiny_scope_folder, device="auto", dtype="float32"), TEXTS, [1, 3])
    alone = document_features(tiny_scope, TEXTS, [1, 3])
    for layer in (1, 3):
        left, right = spread.acts[layer].toarray(), alone.acts[layer].toarray()
        torch.testing.assert_close(torch.from_numpy(left), torch.from_numpy(right), rtol=1e-4, atol=1e-5)


def test_blocks_that_lie_off_the_device_read_the_same(checkpoints, family):
    """What accelerate does to a model larger than all GPUs: weights are fetched when their block runs."""
    accelerate = pytest.importorskip("accelerate")
    folder, _ = checkpoints(family)
    ids_BT = torch.arange(1, 15).reshape(2, 7)
    mask_BT = torch.ones_like(ids_BT)
    whole = load_backbone(folder, 2, device="cpu", dtype=torch.float32)
    expected = whole.residuals(ids_BT, mask_BT, [0, 2])
    away = Backbone(accelerate.cpu_offload(whole.model, execution_device="cpu"))
    assert next(away.model.parameters()).is_meta
    found = away.residuals(ids_BT, mask_BT, [0, 2])
    assert torch.equal(found[0], expected[0])
    assert torch.equal(found[2], expected[2])
    inputs = away.residuals(ids_BT, mask_BT, [2], before=True)[2]
    assert inputs.shape == expected[2].shape
