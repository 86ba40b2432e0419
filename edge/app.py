"""The edge process: what is real is opened here, and the line assembled on it runs until told to stop."""

import asyncio
import contextlib
import shutil
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from edge import store
from edge.acquisition.camera import Camera
from edge.assembly import Surroundings, Task, assemble, run_all
from edge.bundles import Bundles, Opened
from edge.clock import SystemClock
from edge.cycle.alarms import Alarms
from edge.cycle.bundle_watch import BundleWatch
from edge.cycle.housekeeping import Housekeeping
from edge.cycle.loose_thread import LooseThread
from edge.cycle.room import Room
from edge.cycle.witness import Witness
from edge.cycle.writer import Writer
from edge.equipment import Buses, open_camera, open_devices, open_gate, open_gauge
from edge.settings import LineSettings
from inference.bundle import Bundle, BundleError, changed_on_disk
from inference.forecast import OnnxForecaster
from inference.surface import OnnxInspector
from quality.characteristic import LineId, StationId
from quality.drift import Reference
from records.edge_records import EdgeRecords
from records.ledger_head import keep_head
from records.pictures import Pictures
from records.retention import make_room
from records.retention import prune as prune_pictures

log = structlog.get_logger()


async def run_edge(settings: LineSettings, beside: Path) -> None:
    """The edge process of one line, until SIGTERM or SIGINT. `beside` is the folder of LINE.yaml.

    Raises BundleError before anything is judged when a model cannot be trusted.
    """
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        reserve, notice = store.reserve(settings), store.notice(settings)
        database = await store.open_when_it_writes(settings, reserve, notice, clock)
        stack.callback(database.close)
        reserve.make()
        pictures = Pictures(settings.store.frames, leave_free=reserve.size)
        records = EdgeRecords(database, pictures, LineId(settings.line), StationId(settings.station))
        stack.callback(records.close)
        write = Writer(relieve=reserve.give_up, say=notice.say, pause=clock.sleep)
        stack.callback(write.close)
        log.info("edge starts", line=settings.line, store=database.description)
        gate = open_gate(settings, clock)
        stack.push_async_callback(gate.close)
        buses = Buses()
        gauge = open_gauge(settings, clock, buses)
        if gauge is not None:
            stack.push_async_callback(gauge.close)
        devices = open_devices(settings, clock, buses)
        for device in devices:
            stack.push_async_callback(device.close)
        prune = partial(
            prune_pictures,
            database,
            pictures,
            keep_days=settings.store.keep_days,
            keep_bytes=int(settings.store.keep_gigabytes * 1e9),
        )
        housekeeping = Housekeeping(prune, clock)

        def _room(alarms: Alarms) -> Task:
            free_room = partial(make_room, database, pictures)
            folder = store.store_folder(settings)

            def free() -> int:
                return shutil.disk_usage(folder).free

            def pictures_trouble() -> str:
                return pictures.trouble

            return Room(free, str(folder), reserve, free_room, pictures_trouble, write, alarms, clock).run

        def _witness(alarms: Alarms) -> Task:
            return Witness(store.ledger_heads(settings), partial(keep_head, database), alarms, clock).run

        def _bundles(alarms: Alarms) -> Task:
            return BundleWatch(models.bundles, LooseThread("bundles"), alarms, clock, instead=models.instead).run

        models = _open_models(settings, beside, LooseThread("vision"))
        around = Surroundings(
            clock=clock,
            records=records,
            write=write,
            gate=gate,
            gauge=gauge,
            devices=devices,
            forecaster=models.forecaster,
            explainer=models.forecaster,
            references=models.references,
            faces=models.faces,
            models=models.named,
            thread=partial(LooseThread, "model"),
            store=database.description,
            keepers=(_room, _witness, _bundles),
        )
        tasks = await assemble(settings, around)
        for camera, _ in models.faces:
            await camera.start()
            stack.push_async_callback(camera.close)
        await _run_until_told((*tasks, housekeeping.run))


async def _run_until_told(tasks: tuple[Task, ...]) -> None:
    """Until a signal comes. When one task fails, all end, and the supervisor starts the process again."""
    loop = asyncio.get_running_loop()
    running = asyncio.ensure_future(run_all(tasks))
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


@dataclass(frozen=True, slots=True)
class _Models:
    """The models of one line, each camera with the one that looks at its frames.

    `named` are (name, digest) of all, `bundles` the names with a call that says how the files have changed, and
    `instead` the names of those that judge in place of a refused one, with the sentence that says so; `references`
    are of the readings.
    """

    forecaster: OnnxForecaster | None
    faces: tuple[tuple[Camera, OnnxInspector | None], ...]
    named: tuple[tuple[str, str], ...]
    bundles: tuple[tuple[str, Callable[[], str]], ...]
    instead: Mapping[str, str]
    references: Mapping[str, Reference]


def _open_models(settings: LineSettings, beside: Path, vision: Executor) -> _Models:
    wanted = settings.models
    bundles = Bundles(settings, beside)
    opened: list[Opened[OnnxForecaster] | Opened[OnnxInspector]] = []
    forecaster = None
    references: Mapping[str, Reference] = {}
    if wanted.forecast:
        forecast = bundles.open(wanted.forecast, "forecast", OnnxForecaster)
        opened.append(forecast)
        forecaster = forecast.model
        references = _references(forecast.bundle)
    faces: list[tuple[Camera, OnnxInspector | None]] = []
    for section in settings.cameras:
        inspector = None
        if (name := wanted.surface.get(section.name)) is not None:
            inspecting = partial(OnnxInspector, camera=section.name, mm_per_pixel=section.mm_per_pixel)
            surface = bundles.open(name, "surface", inspecting)
            opened.append(surface)
            inspector = surface.model
        faces.append((open_camera(section, inspector.channels if inspector else 1, vision), inspector))
    return _Models(
        forecaster,
        tuple(faces),
        tuple((one.bundle.name, one.bundle.digest) for one in opened),
        tuple((one.bundle.name, partial(changed_on_disk, one.folder, one.bundle)) for one in opened),
        {one.bundle.name: one.instead for one in opened if one.instead},
        references,
    )


def _references(bundle: Bundle) -> Mapping[str, Reference]:
    """What the bundle says that each reading was like; without it the line's first parts serve."""
    said = bundle.calibration.get("reference", {})
    try:
        return {name: Reference.from_json(one) for name, one in said.items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BundleError(
            f"{bundle.name}: its calibration has a reference that is none ({error}); train it again"
        ) from error
