"""A GPU that isn't there: tensors that say they are on one, and refuse to meet tensors of the CPU.

Run as a program with a scope folder and a classifier file: reads texts on the pretended device through the engine,
the scorer of filtering and document features, and prints what came out and how often the host had to wait for the
device. Kernels run in Triton's interpreter. It changes torch for its whole process, which is why it has one.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from contextlib import nullcontext
from typing import Any

os.environ["TRITON_INTERPRET"] = "1"

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "pretended"
DEVICE = f"{NAME}:0"
COPIES = ("aten._to_copy.default", "aten.copy_.default")
# What the host waits for: a number, or a size that depends on numbers.
WAITS = ("aten._local_scalar_dense", "aten.nonzero", "aten.masked_select", "aten._unique2", "aten.bincount")
waits: Counter[str] = Counter()


class OnDevice(torch.Tensor):
    """A tensor of the pretended device; its numbers are in `inner`."""

    inner: torch.Tensor

    @staticmethod
    def __new__(cls, inner: torch.Tensor, requires_grad: bool = False) -> OnDevice:
        made = torch.Tensor._make_wrapper_subclass(
            cls, inner.shape, dtype=inner.dtype, device=DEVICE, strides=inner.stride(),
            storage_offset=inner.storage_offset(), requires_grad=requires_grad,
        )  # fmt: skip
        made.inner = inner
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return run(func, args, kwargs or {})

    def tolist(self) -> Any:
        waits["tolist"] += 1
        return self.inner.tolist()

    def data_ptr(self) -> int:
        return self.inner.data_ptr()


class Mode(TorchDispatchMode):
    """Catches what makes tensors on the device out of nothing."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return run(func, args, kwargs or {})


def run(func: Any, args: Any, kwargs: Any) -> Any:
    """Run an operation on the numbers, and say where its result is."""
    name, leaves = str(func), tree_leaves((args, kwargs))
    on_device = any(isinstance(leaf, OnDevice) for leaf in leaves)
    asked = [leaf.type for leaf in leaves if isinstance(leaf, torch.device)]
    if on_device:
        elsewhere = [
            tuple(leaf.shape)
            for leaf in leaves
            if isinstance(leaf, torch.Tensor) and not isinstance(leaf, OnDevice) and leaf.ndim
        ]
        if elsewhere and name not in COPIES:
            raise RuntimeError(f"{name} got tensors of the device and of the CPU: {elsewhere}")
        by_mask = name.startswith("aten.index") and any(
            isinstance(leaf, torch.Tensor) and leaf.dtype == torch.bool for leaf in tree_leaves(args[1:2])
        )
        if by_mask or name.startswith(WAITS):
            waits[name] += 1

    def plain(leaf: Any) -> Any:
        if isinstance(leaf, OnDevice):
            return leaf.inner
        return torch.device("cpu") if isinstance(leaf, torch.device) else leaf

    found = func(*tree_map(plain, args), **tree_map(plain, kwargs))
    if not ((on_device and not (name in COPIES and "cpu" in asked)) or NAME in asked):
        return found
    same = {id(leaf.inner): leaf for leaf in leaves if isinstance(leaf, OnDevice)}

    def placed(leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor):
            return leaf
        return same[id(leaf)] if id(leaf) in same else OnDevice(leaf)

    return tree_map(placed, found)


def pretend() -> None:
    """Teach torch, Triton's interpreter and the dispatch of kernels the device."""
    _setup_privateuseone_for_python_backend(rename=NAME)
    torch._C._set_only_lift_cpu_tensors(True)
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    torch.inference_mode = lambda mode=True: torch.no_grad()  # wrapped inference tensors have no version
    from scopesift_kernels import backend_choice, reference
    from scopesift_kernels.triton.backend import TritonBackend
    from scopesift_kernels.triton.tuning import TritonTuning
    from triton.runtime.interpreter import InterpretedFunction

    backend_choice._missing = lambda name: None
    backend_choice._device = lambda name: NAME if name == "triton" else "cpu"
    backend_choice._fastest = lambda problem: "triton"
    reference.full_float32 = lambda device: nullcontext()
    small = TritonBackend(TritonTuning(few_tokens=16))  # so that batches go both ways
    backend_choice._load = lambda name: small
    real = InterpretedFunction.run

    def unwrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        def plain(argument: Any) -> Any:
            if hasattr(argument, "base"):
                argument.base = plain(argument.base)
            return argument.inner if isinstance(argument, OnDevice) else argument

        return real(self, *map(plain, args), **kwargs)

    InterpretedFunction.run = unwrapped


def read(folder: str, artifact: str, texts: list[str]) -> dict[str, Any]:
    """Everything that reads texts, once."""
    from scopesift_classifiers.artifact.classifier import Classifier
    from scopesift_classifiers.judging.engine import Engine
    from scopesift_features.reading.batching.batches import make_batches
    from scopesift_features.reading.batching.windows import make_windows
    from scopesift_features.reading.document_features import document_features
    from scopesift_features.reading.per_token import read_tokens
    from scopesift_features.reading.torch_reader import TorchReader
    from scopesift_features.scope import Scope

    scope = Scope.load(folder, device=DEVICE, dtype="float32")
    classifier = Classifier.load(artifact)
    engine = Engine(scope, [classifier])
    verdicts = [verdict[classifier.name] for verdict in engine.predict(texts)]
    selected = TorchReader(scope, engine.features).read(texts)
    reader = engine.reader.without_places()
    batches = list(make_batches(make_windows(scope, texts, offsets=False), 64))
    activations = reader.nothing(len(texts))
    waits.clear()
    for batch in batches:
        activations.take_in(reader.read_batch(batch))
    waited = dict(waits)
    layer = scope.layers[0]
    document = document_features(scope, texts, [layer]).acts[layer]
    tokens = read_tokens(
        TorchReader(scope, scope.selected((layer, feature) for feature in range(scope.d_sae))), texts
    )
    return {
        "scores": [verdict.score for verdict in verdicts],
        "flagged": [verdict.flagged for verdict in verdicts],
        "selected": selected.acts_NS.tolist(),
        "activations": activations.acts_NS.tolist(),
        "batches": len(batches),
        "waits": waited,
        "document_features": document.toarray().tolist(),
        "token_features": [reading.acts_TS.max(axis=0, initial=0.0).tolist() for reading in tokens],
    }


if __name__ == "__main__":
    pretend()
    with Mode():
        sys.stdout.write(json.dumps(read(sys.argv[1], sys.argv[2], sys.argv[3:])))
