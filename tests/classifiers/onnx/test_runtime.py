"""Which provider, and clear errors where ONNX Runtime is missing or doubled."""

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from scopesift_classifiers.onnx import runtime as onnx_runtime
from scopesift_classifiers.onnx.runtime import choose_providers, load_runtime, open_session
from scopesift_classifiers.onnx.stand_in import best_floor
from scopesift_files.errors import UsageError

CPU, CUDA, TENSORRT = "CPUExecutionProvider", "CUDAExecutionProvider", "TensorrtExecutionProvider"


def names(providers):
    return [one if isinstance(one, str) else one[0] for one in providers]


def test_both_runtimes_installed_is_one_clear_error(monkeypatch):
    monkeypatch.setattr(onnx_runtime, "_installed", lambda name: True)
    with pytest.raises(UsageError, match=r"overwrite each other.*then pip install onnxruntime"):
        load_runtime()


def test_a_missing_runtime_names_the_package(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UsageError, match="pip install onnxruntime"):
        load_runtime()


def test_the_gpu_is_used_where_the_scope_is_on_it_and_never_with_rounded_inputs():
    assert choose_providers([TENSORRT, CUDA, CPU], "cpu") == [CPU]
    chosen = choose_providers([TENSORRT, CUDA, CPU], "cuda:1")
    assert chosen == [(CUDA, {"use_tf32": 0, "device_id": 1}), CPU]
    assert choose_providers([CPU], "cuda") == [CPU]


def test_tensorrt_is_used_when_it_is_named():
    assert names(choose_providers([TENSORRT, CUDA, CPU], "cuda", "tensorrt")) == [TENSORRT, CUDA, CPU]


@pytest.mark.parametrize(("wanted", "told"), [("cuda", "onnxruntime-gpu"), ("vulkan", "cpu, cuda, tensorrt")])
def test_a_provider_that_is_not_there_is_refused(wanted, told):
    with pytest.raises(UsageError, match=told):
        choose_providers([CPU], "cpu", wanted)


def test_the_environment_chooses_the_provider(monkeypatch):
    monkeypatch.setenv("SCOPESIFT_ONNX_PROVIDER", "vulkan")
    with pytest.raises(UsageError, match="vulkan"):
        open_session(b"")


def test_a_broken_file_is_one_clear_error():
    with pytest.raises(UsageError, match="cannot load the model"):
        open_session(b"not a graph")


def test_the_floor_separates_texts_that_fire_from_those_that_do_not():
    room = np.array([5.0, 4.0, 3.0, 2.0])
    member = np.array([True, True, False, False])
    wrong, floor = best_floor(room, np.ones(4), member, np.arange(4), 0.0)
    assert wrong == 0
    assert 3.0 < floor < 4.0


def test_the_floor_makes_the_fewest_texts_wrong_where_it_cannot_separate():
    room = np.array([5.0, 4.0, 3.0, 2.0, 1.0])
    member = np.array([True, False, True, True, False])
    wrong, floor = best_floor(room, np.ones(5), member, np.arange(5), 0.0)
    assert wrong == 1
    assert 1.0 < floor < 2.0


def test_tokens_below_the_threshold_do_not_count_and_any_token_of_a_text_does():
    room = np.array([9.0, 4.0, 3.0, 1.0])
    pre = np.array([0.5, 2.0, 2.0, 2.0])
    member = np.array([True, True, False, False])
    wrong, floor = best_floor(room, pre, member, np.array([0, 1, 1, 2]), 1.0)
    assert wrong == 0
    assert 1.0 < floor < 4.0


def test_nothing_holds_a_feature_back_that_no_calibration_text_speaks_against():
    room = np.array([5.0, 4.0])
    wrong, floor = best_floor(room, np.ones(2), np.array([True, True]), np.arange(2), 0.0)
    assert wrong == 0
    assert floor < -1e20
    assert best_floor(room, -np.ones(2), np.array([False, False]), np.arange(2), 0.0)[1] < -1e20
