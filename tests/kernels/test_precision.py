"""Reduced float32 products are off inside a call, in every thread, and as they were afterwards."""

import threading
from collections.abc import Iterator

import pytest
import torch
from scopesift_kernels.precision import full_float32

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def settings_as_before() -> Iterator[None]:
    yield
    torch.backends.mkldnn.matmul.fp32_precision = "none"
    torch.backends.fp32_precision = "none"


def test_one_thread_that_ends_does_not_lower_the_precision_of_another() -> None:
    torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    first, second, ended = full_float32(CPU), full_float32(CPU), threading.Event()
    first.__enter__()

    def other() -> None:
        second.__enter__()
        ended.set()

    threading.Thread(target=other).start()
    ended.wait()
    first.__exit__(None, None, None)
    assert torch.backends.mkldnn.matmul.fp32_precision == "ieee"
    second.__exit__(None, None, None)
    assert torch.backends.mkldnn.matmul.fp32_precision == "bf16"


def test_a_setting_that_was_inherited_goes_on_following_its_parent() -> None:
    torch.backends.fp32_precision = "tf32"
    with full_float32(CPU):
        assert torch.backends.mkldnn.matmul.fp32_precision == "ieee"
    assert torch.backends.mkldnn.matmul.fp32_precision == "tf32"
    torch.backends.fp32_precision = "ieee"
    assert torch.backends.mkldnn.matmul.fp32_precision == "ieee"
