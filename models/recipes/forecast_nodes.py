"""Writes the nodes of an ONNX graph the way one writes an expression."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Nodes:
    """Collects nodes and constants; every operator call returns the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, value: object, dtype: type = np.float32) -> str:
        """A constant tensor."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def axes(self, *axes: int) -> str:
        """A constant list of axes, or of any whole numbers."""
        return self.constant(axes, np.int64)

    def __call__(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """The result of an operator on those inputs."""
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def several(self, operator: str, *inputs: str, outputs: int, **attributes: Any) -> list[str]:
        """The results of an operator that gives several."""
        names = [f"n{len(self.nodes)}_{index}" for index in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names

    def output(self, output: str, value: str) -> None:
        """Gives a result the name it has outside the graph."""
        self.nodes.append(helper.make_node("Identity", [value], [output]))
