"""What an ONNX graph says of itself, and the things no graph that judges parts may hold."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf ships no types
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, numpy_helper

_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})


class GraphError(Exception):
    """The graph is refused; says why and the mend."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output of a graph. `dtype` is numpy's name; None stands for a free dimension."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]

    def as_json(self) -> dict[str, object]:
        """As a manifest says it."""
        return {"name": self.name, "dtype": self.dtype, "shape": list(self.shape)}

    def __str__(self) -> str:
        sides = ", ".join("free" if side is None else str(side) for side in self.shape)
        return f"{self.name} {self.dtype}[{sides}]"


@dataclass(frozen=True, slots=True)
class GraphSignature:
    """What goes in and comes out, and the operator set it is written in."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    opset: int


def describe(model: bytes) -> GraphSignature:
    """The signature of a graph.

    Raises GraphError when it does not parse or check, has external data, operators of a domain that plain
    ONNX Runtime does not bring, or constants that are not finite.
    """
    try:
        proto = onnx.load_from_string(model)
    except DecodeError as error:
        raise GraphError("is no ONNX model; export it again") from error
    _refuse_foreign(proto)
    try:
        onnx.checker.check_model(proto)
    except onnx.checker.ValidationError as error:
        raise GraphError(f"is no valid ONNX model ({str(error).splitlines()[0]}); export it again") from error
    constants = {tensor.name for tensor in proto.graph.initializer}
    return GraphSignature(
        inputs=tuple(_tensor(value) for value in proto.graph.input if value.name not in constants),
        outputs=tuple(_tensor(value) for value in proto.graph.output),
        opset=next((entry.version for entry in proto.opset_import if entry.domain in {"", "ai.onnx"}), 0),
    )


def _refuse_foreign(proto: ModelProto) -> None:
    if proto.functions:
        raise GraphError(f"defines functions of its own ({proto.functions[0].name}); inline them before export")
    for node in _nodes(proto.graph):
        if node.domain not in _DOMAINS:
            raise GraphError(
                f"uses {node.domain}.{node.op_type}, a custom operator; export with plain ONNX operators"
            )
    for tensor in _constants(proto.graph):
        if tensor.data_location == TensorProto.EXTERNAL:
            raise GraphError(f"keeps {tensor.name!r} in a file of its own; export with all weights inside")
        if tensor.data_type in (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE):
            values = numpy_helper.to_array(tensor)
            if not np.isfinite(values).all():
                raise GraphError(f"has NaN or infinite values in {tensor.name!r}; train it again")
    _refuse_infinite_attributes(proto)


def _refuse_infinite_attributes(proto: ModelProto) -> None:
    for node in _nodes(proto.graph):
        for attribute in node.attribute:
            # Where trees keep their thresholds and leaves.
            if not np.isfinite((attribute.f, *attribute.floats)).all():
                raise GraphError(
                    f"has NaN or infinite values in {attribute.name} of {node.op_type}; train it again"
                )


def _nodes(graph: GraphProto) -> Iterator[NodeProto]:
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in _graphs(attribute):
                yield from _nodes(inner)


def _graphs(attribute: AttributeProto) -> Iterator[GraphProto]:
    if attribute.type == AttributeProto.GRAPH:
        yield attribute.g
    yield from attribute.graphs


def _constants(graph: GraphProto) -> Iterator[TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == AttributeProto.TENSOR:
                yield attribute.t
            yield from attribute.tensors
            for inner in _graphs(attribute):
                yield from _constants(inner)


def _tensor(value: ValueInfoProto) -> Tensor:
    if not value.type.HasField("tensor_type"):
        raise GraphError(f"has {value.name!r}, which is no tensor; export with plain tensors (no ZipMap)")
    tensor = value.type.tensor_type
    sides = tuple(side.dim_value if side.HasField("dim_value") else None for side in tensor.shape.dim)
    return Tensor(value.name, np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)).name, sides)
