"""Builder of ONNX graphs whose weights are declared but not stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from onnx import TensorProto, helper

OPSET, IR_VERSION = 18, 8
CONTRIB = "com.microsoft"
"""The domain of ONNX Runtime's own operators."""

Kind = tuple[int, Sequence[int | str]]
"""Element type and shape."""


class WeightlessGraph:
    """Nodes in execution order; names are generated."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._weights: dict[str, Any] = {}
        self._constants: list[Any] = []
        self._numbers: dict[tuple[float, int], str] = {}

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Append a node with one result; returns the result's name."""
        return self.add_many(operator, 1, *inputs, **attributes)[0]

    def add_many(self, operator: str, results: int, *inputs: str, **attributes: Any) -> list[str]:
        """Append a node with several results; returns their names."""
        names = [f"{operator.lower()}_{len(self._nodes)}_{number}" for number in range(results)]
        self._nodes.append(helper.make_node(operator, list(inputs), names, name=names[0], **attributes))
        return names

    def weight(self, name: str, *shape: int, kind: int = TensorProto.FLOAT) -> str:
        """Declare a weight."""
        tensor = TensorProto(name=name, dims=shape, data_type=kind, data_location=TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value="given when a session is opened")
        self._weights[name] = tensor
        return name

    def ints(self, *values: int) -> str:
        """A one-dimensional int64 constant."""
        return self._constant(TensorProto.INT64, [len(values)], values)

    def number(self, value: float, kind: int = TensorProto.FLOAT) -> str:
        """A scalar constant."""
        if (value, kind) not in self._numbers:
            self._numbers[value, kind] = self._constant(kind, [], [value])
        return self._numbers[value, kind]

    def model(self, inputs: Mapping[str, Kind], outputs: Mapping[str, tuple[str, Kind]]) -> Any:
        """The `onnx.ModelProto`.

        Args:
            inputs: by name.
            outputs: by name: the result, and its kind.
        """
        for name, (result, _) in outputs.items():
            self._nodes.append(helper.make_node("Identity", [result], [name], name=name))
        graph = helper.make_graph(
            self._nodes,
            "scopesift",
            [helper.make_tensor_value_info(name, *kind) for name, kind in inputs.items()],
            [helper.make_tensor_value_info(name, *kind) for name, (_, kind) in outputs.items()],
            initializer=[*self._weights.values(), *self._constants],
        )
        imports = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        return helper.make_model(
            graph, opset_imports=imports, producer_name="scopesift", ir_version=IR_VERSION
        )

    def _constant(self, kind: int, shape: list[int], values: Any) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(helper.make_tensor(name, kind, shape, values))
        return name
