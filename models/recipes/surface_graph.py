"""Writing ONNX graphs by hand: nodes and constants, one call each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

OPSET, OPSET_TREES = 20, 3
_IR_VERSION = 10


class GraphWriter:
    """An ONNX graph in the making: each call adds one node and returns the name of its output."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def constant(self, values: NDArray[np.generic]) -> str:
        """A constant tensor's name."""
        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(values, order="C"), name))
        return name

    def number(self, value: float) -> str:
        """A float32 scalar's name."""
        return self.constant(np.array(value, dtype=np.float32))

    def whole(self, *values: int) -> str:
        """The name of an int64 vector."""
        return self.constant(np.array(values, dtype=np.int64))

    def op(self, kind: str, *inputs: str, out: str = "", domain: str = "", **attributes: Any) -> str:
        """Adds one node; `out` names its first output, else it is numbered."""
        name = out or f"n{len(self._nodes)}"
        outputs = [name, f"{name}_places"] if kind == "TopK" else [name]
        self._nodes.append(helper.make_node(kind, list(inputs), outputs, None, None, domain, **attributes))
        return name

    def finish(
        self, name: str, inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto]
    ) -> bytes:
        """The finished model, serialised."""
        graph = helper.make_graph(self._nodes, name, list(inputs), list(outputs), self._constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", OPSET_TREES)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="jidoka")
        return bytes(model.SerializeToString())
