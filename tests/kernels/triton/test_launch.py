"""A kernel is launched as it was compiled only for arguments like those that it was compiled for."""

from __future__ import annotations

from typing import Any

import pytest
import torch

pytestmark = pytest.mark.usefixtures("triton_here")
WHOLE = torch.empty(64)


class FakeKernel:
    """Counts compilations, and what is launched as it was compiled."""

    arg_names = ("x", "n", "SIZE")

    def __init__(self) -> None:
        self.compiled, self.direct = 0, []

    def __getitem__(self, grid: tuple[int, int, int]) -> Any:
        def compile_and_run(*args: object, **options: object) -> Compiled:
            self.compiled += 1
            return Compiled(self)

        return compile_and_run


class Compiled:
    """What a kernel's launch returns."""

    def __init__(self, kernel: FakeKernel) -> None:
        self.kernel = kernel

    def __getitem__(self, grid: tuple[int, int, int]) -> Any:
        return lambda *args: self.kernel.direct.append((grid, args))


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> FakeKernel:
    from scopesift_kernels.triton import launch

    monkeypatch.setattr(launch, "KNOWN_VERSION", True)
    monkeypatch.setattr(launch, "interpreted", lambda: False)
    monkeypatch.setattr(launch.torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(launch, "_compiled", {})
    fake = FakeKernel()
    fake.arg_names = list(FakeKernel.arg_names)
    return fake


def launched(kernel: FakeKernel, x: torch.Tensor | None, n: int, size: int = 4, warps: int = 1) -> None:
    from scopesift_kernels.triton.launch import launch

    launch(kernel, (2, 1, 1), x, n, constants={"SIZE": size}, num_warps=warps)


def test_like_arguments_are_compiled_once(kernel: FakeKernel) -> None:
    for n in (32, 48, 64):
        launched(kernel, WHOLE, n)
    assert kernel.compiled == 1
    assert [args[1:] for _, args in kernel.direct] == [(48, 4), (64, 4)]


@pytest.mark.parametrize(
    "other",
    [
        (WHOLE, 33), (WHOLE, 1), (WHOLE, 2**40), (WHOLE[1:], 32), (WHOLE.half(), 32), (None, 32), (WHOLE, 32, 8),
        (WHOLE, 32, 4, 2),
    ],
    ids=["not a multiple", "one", "64 bits", "not aligned", "dtype", "none", "constant", "option"],
)  # fmt: skip
def test_other_arguments_are_compiled_for(kernel: FakeKernel, other: tuple) -> None:
    launched(kernel, WHOLE, 32)
    launched(kernel, *other)
    assert kernel.compiled == 2
    assert not kernel.direct


def test_constants_that_are_not_the_last_arguments_are_refused(kernel: FakeKernel) -> None:
    kernel.arg_names = ["x", "SIZE", "n"]
    with pytest.raises(ValueError, match="constants have to be"):
        launched(kernel, WHOLE, 32)
