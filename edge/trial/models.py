"""The models of a trial: graphs that know how the trial's parts show, behind inference's own checks."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import BrokenExecutor, Executor, Future
from datetime import UTC, datetime
from typing import Any, Final, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from edge.trial.chronicle import Chronicle, Inferred
from edge.trial.line import CAMERA, CHARACTERISTICS, FACE_PIXELS, MODELS, READINGS
from edge.trial.parts import MM_PER_KW, USUAL_POWER_KW
from edge.trial.schedule import FaultKind
from inference.bundle import Bundle
from inference.forecast import OnnxForecaster
from inference.graph import Tensor
from inference.surface import OnnxInspector

P = ParamSpec("P")
T = TypeVar("T")

ROWS: Final = 4
SCALE_MM: Final = 0.01
USUAL_S: Final = 0.004
"""How long a model takes."""
SLOW_S: Final = 5.0
FORECAST, SURFACE = (name for name, _ in MODELS)


class Graphs:
    """Both graphs and their faults. They outlive the edge process as files on its disk do."""

    def __init__(self, chronicle: Chronicle, now: Callable[[], float]) -> None:
        self._chronicle = chronicle
        self._now = now
        self._until: dict[FaultKind, float] = {}
        self._details: dict[FaultKind, int] = {}

    def begin(self, kind: FaultKind, seconds: float, detail: int) -> None:
        """The fault is there from now on, for that long, in the model that `detail` says."""
        self._until[kind] = self._now() + seconds
        self._details[kind] = detail

    def forecaster(self) -> OnnxForecaster:
        """The forecast model as one life of the edge process opens it."""
        rows, count, quantity = ROWS, len(CHARACTERISTICS), len(READINGS)
        bundle = _bundle(
            "forecast",
            inputs=(("history", (rows, count)), ("history_readings", (rows, quantity)), ("readings", (quantity,))),
            outputs=(("mean", (count,)), ("scale", (count,))),
            fields={"characteristics": list(CHARACTERISTICS), "readings": list(READINGS), "rows": rows},
        )
        return OnnxForecaster(bundle, _Graph(self, FORECAST, forecast))

    def inspector(self) -> OnnxInspector:
        """The surface model, likewise."""
        bundle = _bundle(
            "surface",
            inputs=(("picture", (FACE_PIXELS, FACE_PIXELS)),),
            outputs=(("score", ()), ("map", (2, 2))),
            fields={"channels": 1, "patch": FACE_PIXELS // 2},
        )
        return OnnxInspector(bundle, CAMERA, _Graph(self, SURFACE, look))

    def answer(self, model: str, sound: list[NDArray[Any]]) -> list[NDArray[Any]]:
        """What the graph answers for that sound answer at this moment. Raises RuntimeError when it breaks down."""
        spoilt = sound
        if self._hits(FaultKind.MODEL_NAN, model):
            spoilt = [np.full_like(array, np.nan) for array in sound]
        elif self._hits(FaultKind.MODEL_SHAPE, model):
            spoilt = [np.concatenate([np.atleast_1d(array)] * 2) for array in sound]
        broken = self._hits(FaultKind.MODEL_RAISES, model)
        self._chronicle.tell(Inferred(self._now(), model, sound=spoilt is sound and not broken))
        if broken:
            raise RuntimeError(f"{model}: non-zero status code returned while running a node")
        return spoilt

    def active(self, kind: FaultKind) -> bool:
        """True while the fault is there, in whichever model."""
        return self._now() < self._until.get(kind, 0.0)

    def _hits(self, kind: FaultKind, model: str) -> bool:
        hit = FORECAST if self._details.get(kind, 0) % 2 else SURFACE
        return model == hit and self.active(kind)


class Thread(Executor):
    """A thread for one model, in virtual time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, graphs: Graphs) -> None:
        self._loop = loop
        self._graphs = graphs

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """The call's result a little later, in the process that asked."""
        future: Future[T] = Future()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as error:  # noqa: BLE001 - as every executor: it belongs to whoever asked
                future.set_exception(error)

        if self._graphs.active(FaultKind.MODEL_DIES):
            future.set_exception(BrokenExecutor("the worker was killed"))
        else:
            slow = self._graphs.active(FaultKind.MODEL_SLOW)
            self._loop.call_later(SLOW_S if slow else USUAL_S, call)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        """Nothing to end."""


class _Graph:
    """An `inference.session.Session`."""

    def __init__(
        self, graphs: Graphs, model: str, compute: Callable[[Mapping[str, NDArray[Any]]], list[NDArray[Any]]]
    ) -> None:
        self._graphs = graphs
        self._model = model
        self._compute = compute

    def run(self, output_names: list[str] | None, input_feed: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """The outputs in the order in which the rooms ask for them."""
        assert output_names is not None  # noqa: S101 - the rooms name what they want
        return self._graphs.answer(self._model, self._compute(input_feed))


def forecast(feed: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
    """`mean` and `scale`: a spindle's power says where it mills."""
    count = len(CHARACTERISTICS)
    mean = (feed["readings"][:count] - USUAL_POWER_KW) * MM_PER_KW
    return [mean.astype(np.float32), np.full(count, SCALE_MM, np.float32)]


def look(feed: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
    """`score` and `map`: the left half of the face is as bright as it is damaged."""
    score = np.float32(feed["picture"][:, : FACE_PIXELS // 2].mean() / 255)
    return [np.asarray(score), np.full((2, 2), score, np.float32)]


def _bundle(
    kind: str,
    *,
    inputs: tuple[tuple[str, tuple[int, ...]], ...],
    outputs: tuple[tuple[str, tuple[int, ...]], ...],
    fields: Mapping[str, Any],
) -> Bundle:
    name, digest = next((name, digest) for name, digest in MODELS if name.endswith(kind))
    dtype = "uint8" if kind == "surface" else "float32"
    return Bundle(
        digest=digest,
        kind=kind,
        name=name,
        version="1",
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        model=b"",
        model_sha256="",
        inputs=tuple(Tensor(tensor, dtype, shape) for tensor, shape in inputs),
        outputs=tuple(Tensor(tensor, "float32", shape) for tensor, shape in outputs),
        opset=1,
        learned_from=frozenset(),
        recipe={},
        figures={},
        calibration={"box_threshold": 0.6},
        fields=fields,
        licence="Apache-2.0",
        card="",
    )
