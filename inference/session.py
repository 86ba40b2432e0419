"""ONNX Runtime sessions, all made the same way: one thread that sleeps when idle, optimised, warmed up."""

from collections.abc import Mapping
from typing import Any, Protocol

import onnxruntime
from numpy.typing import NDArray


class Session(Protocol):
    """A graph that can be run: the part of ONNX Runtime's session that is used."""

    def run(self, output_names: list[str] | None, input_feed: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """The named outputs (all when None) for those inputs."""
        ...


def open_session(model: bytes, warm_up: Mapping[str, NDArray[Any]] | None = None) -> Session:
    """A session on one CPU thread, run once on `warm_up` where given, so that no part waits for the first run.

    Raises onnxruntime's own errors for a graph it cannot take; a loaded bundle's graph has been checked before.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    # Spinning threads take the core from the store and from other models beside them.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    session: Session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    if warm_up is not None:
        session.run(None, dict(warm_up))
    return session
