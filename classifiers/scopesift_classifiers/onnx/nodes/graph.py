"""Builder of ONNX graphs, node by node in execution order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scopesift_files.errors import UsageError

OPSETS = (18, 19, 20)
# the IR version of opset 18's release, which all runtimes with opsets 18 to 20 support
IR_VERSION = 8


class OnnxGraph:
    """Nodes, constants, inputs and outputs of a graph; names are generated.

    The graph is built directly, not traced, so that the operators are the same for all opsets and no exporter is
    needed.
    """

    def __init__(self, name: str, outer: OnnxGraph | None = None) -> None:
        require_onnx()
        self.name = name
        self._nodes: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        # a branch of an If can use the constants of the outer graph
        self._constants: dict[str, Any] = {} if outer is None else outer._constants
        self._counter: list[int] = [0] if outer is None else outer._counter

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Append a node with one result; returns the result's name."""
        from onnx import helper

        result = self._fresh(operator.lower())
        self._nodes.append(helper.make_node(operator, list(inputs), [result], name=result, **attributes))
        return result

    def add_many(self, operator: str, results: int, *inputs: str, **attributes: Any) -> list[str]:
        """Append a node with several results; returns their names."""
        from onnx import helper

        names = [self._fresh(operator.lower()) for _ in range(results)]
        self._nodes.append(helper.make_node(operator, list(inputs), names, name=names[0], **attributes))
        return names

    def constant(self, value: NDArray[Any], name: str = "") -> str:
        """Store an array; returns its name. An array with a given name is stored once."""
        from onnx import numpy_helper

        name = name or self._fresh("constant")
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def ints(self, *values: int) -> str:
        """A one-dimensional int64 constant; equal ones are stored once."""
        name = "ints_" + "_".join(map(str, values)).replace("-", "m")
        return self.constant(np.array(values, dtype=np.int64), name)

    def number(self, value: float, dtype: Any = np.float32) -> str:
        """A scalar constant."""
        return self.constant(np.array(value, dtype=dtype))

    def cast(self, value: str, dtype: Any) -> str:
        """The value in another type (a numpy dtype)."""
        return self.add("Cast", value, to=element_type(dtype))

    def axis_size(self, value: str, axis: int) -> str:
        """Length of one axis, int64 `[1]`."""
        return self.add("Shape", value, start=axis, end=axis + 1)

    def input(self, name: str, dtype: Any, shape: list[int | str]) -> str:
        """Declare an input; a string in the shape names a dynamic axis."""
        from onnx import helper

        self._inputs.append(helper.make_tensor_value_info(name, element_type(dtype), shape))
        return name

    def output(self, value: str, name: str, dtype: Any, shape: list[int | str] | None) -> None:
        """Declare an output under its own name."""
        from onnx import helper

        self._nodes.append(helper.make_node("Identity", [value], [name], name=f"output_{name}"))
        self._outputs.append(helper.make_tensor_value_info(name, element_type(dtype), shape))

    def branch(self, result: str, dtype: Any, *, inside: OnnxGraph) -> Any:
        """This graph as a branch of an If of the graph `inside`.

        Args:
            result: the result of the branch.
            dtype: its numpy dtype.
            inside: the graph with the If.
        """
        from onnx import helper

        self.output(result, inside._fresh("branch"), dtype, None)
        return helper.make_graph(self._nodes, self.name, [], self._outputs)

    def model(self, opset: int, metadata: dict[str, str]) -> Any:
        """The finished `onnx.ModelProto`.

        Raises:
            UsageError: an unsupported opset.
        """
        from onnx import helper

        if opset not in OPSETS:
            raise UsageError(f"opset must be one of {', '.join(map(str, OPSETS))}, got {opset}")
        graph = helper.make_graph(
            self._nodes, self.name, self._inputs, self._outputs, initializer=list(self._constants.values())
        )
        imports = [helper.make_opsetid("", opset)]
        model = helper.make_model(
            graph, opset_imports=imports, producer_name="scopesift", ir_version=IR_VERSION
        )
        helper.set_model_props(model, metadata)
        return model

    def _fresh(self, hint: str) -> str:
        self._counter[0] += 1
        return f"{hint}_{self._counter[0]}"


def element_type(dtype: Any) -> int:
    """ONNX's number of a numpy dtype."""
    from onnx import helper

    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def require_onnx() -> None:
    """Check that the onnx package is installed.

    Raises:
        UsageError: it is not; the message names the extra.
    """
    try:
        import onnx  # noqa: F401
    except ImportError:
        raise UsageError("ONNX export needs the onnx package: pip install 'scopesift[onnx]'") from None
