"""One small store, and the review station on top of it."""

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from quality.case import Case, CaseKind
from quality.characteristic import Characteristic, Limits, LineId, PartSerial, StationId
from quality.evidence import Finding, Forecast, Frame, Reading
from quality.inspection import Cycle, Evidence, Inspection
from quality.judgement import Judgement, Reason, ReasonCode, Verdict
from quality.plan import ControlPlan, ParameterRule, ReactionPlan, Role, Thresholds
from records.database import Database
from records.edge_records import EdgeRecords
from records.pictures import Pictures
from records.review_records import ReviewRecords
from review_api.app import create_app
from review_api.seeding import seed_demo_accounts
from review_api.settings import ReviewSettings

LINE = LineId("beam-line-3")
STATION = StationId("milling-1")
BEGAN = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PICTURE = b"\xff\xd8 a picture \xff\xd9"
HOLE = Characteristic("hole_1_x_mm", "mm", Limits(-0.18, 0.18), 0.0, "hole 1 x")
PLAN = ControlPlan(
    part="bumper beam",
    characteristics=(HOLE,),
    forecast=Thresholds(0.2, 0.6),
    surface=Thresholds(0.3, 0.7),
    measure_every=5,
    reaction=ReactionPlan(),
    parameters=(
        ParameterRule("offset_um", "spindle A x offset", "um", 1, Limits(-150, 150), 100, {HOLE.name: 0.001}),
    ),
)


@dataclass
class FakeClock:
    """Time that stands until it is moved."""

    wall: datetime = BEGAN + timedelta(hours=2)
    seconds: float = 1000.0
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        until = self.seconds + seconds
        while self.seconds < until:
            await self._moved.wait()

    def advance(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.seconds += seconds
        self._moved.set()
        self._moved = asyncio.Event()


@dataclass
class Store:
    """The store of one line, as edge and review see it."""

    database: Database
    edge: EdgeRecords
    review: ReviewRecords
    clock: FakeClock
    cases: list[Case] = field(default_factory=list)
    made: int = 0

    def make_part(
        self, verdict: Verdict = Verdict.PASS, *, with_evidence: bool = False, serial: str | None = None
    ) -> Inspection:
        """One more part, a minute after the last; a held one opens a case."""
        self.made += 1
        at = BEGAN + timedelta(minutes=self.made)
        cycle = Cycle(LINE, STATION, 1, self.made, PartSerial(serial or f"B{self.made:06d}"), at)
        probability = {Verdict.PASS: 0.01, Verdict.REVIEW: 0.4, Verdict.HOLD: 0.9}[verdict]
        reason = Reason(
            ReasonCode.FORECAST_NEAR_LIMIT,
            {
                "characteristic": HOLE.label,
                "mean": 0.17,
                "scale": 0.02,
                "limit": 0.18,
                "side": "upper",
                "unit": "mm",
                "probability": probability,
            },
        )
        reasons = () if verdict is Verdict.PASS else (reason,)
        judgement = Judgement(HOLE.name, probability, verdict, verdict is Verdict.REVIEW, reasons)
        evidence = self._evidence(cycle) if with_evidence else Evidence()
        inspection = Inspection(
            cycle, evidence, (judgement,), verdict, at + timedelta(seconds=1), PLAN.version, ("model-digest",)
        )
        case = None
        if verdict is not Verdict.PASS:
            case = Case(
                uuid4(),
                CaseKind.SUSPECT_PART,
                LINE,
                STATION,
                1,
                self.made,
                cycle.serial,
                at,
                at + timedelta(minutes=5),
                Role.ENGINEER,
            )
            self.cases.append(case)
        self.edge.record(inspection, case, evidence.frames)
        return inspection

    def _evidence(self, cycle: Cycle) -> Evidence:
        digest = hashlib.sha256(PICTURE).hexdigest()
        frame = Frame("face", cycle.triggered_at, digest, PICTURE, np.zeros((8, 10), np.uint8))
        seen = np.zeros((4, 5), np.float32)
        seen[1, 2] = 1.0
        return Evidence(
            readings=(Reading("spindle_a_power_kw", 11.5, "kW", cycle.triggered_at),),
            frames=(frame,),
            forecast=Forecast((HOLE.name,), np.array([0.17]), np.array([0.02]), "forecast"),
            findings=(Finding("face", 0.8, seen, (), "surface"),),
        )

    def show_line(self, **state: object) -> None:
        """The edge shows the line, now."""
        self.edge.show_line({"at": self.clock.now().isoformat(), "plc": {"ok": True}, **state})


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database with the demo's accounts, to be copied."""
    path = tmp_path_factory.mktemp("store") / "empty.db"
    database = Database.open(f"sqlite:///{path}", ledger_key=b"k" * 32, checkpoint=True)
    database.migrate()
    seed_demo_accounts(ReviewRecords(database, Pictures(path.parent / "frames")), CHEAP)
    database.close()
    return path


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, empty_store: Path, clock: FakeClock) -> Iterator[Store]:
    path = tmp_path / "jidoka.db"
    shutil.copy(empty_store, path)
    database = Database.open(f"sqlite:///{path}", ledger_key=b"k" * 32, checkpoint=True)
    pictures = Pictures(tmp_path / "frames")
    edge = EdgeRecords(database, pictures, LINE, STATION, clock.now)
    yield Store(database, edge, ReviewRecords(database, pictures, now=clock.now), clock)
    edge.close()
    database.close()


@pytest.fixture
def settings(tmp_path: Path) -> ReviewSettings:
    live = tmp_path / "live"
    live.mkdir()
    return ReviewSettings(LINE, STATION, ZoneInfo("Europe/Berlin"), PLAN, live, b"s" * 32)


@pytest.fixture
def app(settings: ReviewSettings, store: Store, clock: FakeClock) -> FastAPI:
    return create_app(settings, store.review, clock, CHEAP)


@asynccontextmanager
async def visitor(
    app: FastAPI, name: str | None = None, password: str | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """Someone at the station, signed in by name when there is one; their changes carry the session's token."""
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 40000))
    async with httpx.AsyncClient(transport=transport, base_url="http://station") as client:
        if name is not None:
            answer = await client.post("/api/v1/session", json={"name": name, "password": password or name})
            assert answer.status_code == 200, answer.text
            client.headers["X-CSRF-Token"] = answer.json()["csrf"]
        yield client


@pytest.fixture
async def engineer(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(app, "engineer") as client:
        yield client


@pytest.fixture
async def anyone(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(app) as client:
        yield client
