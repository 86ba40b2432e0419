"""Finding parts, and everything known of one: passages, cases, orders, and what is suspect because of it."""

import re
from datetime import timedelta
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from quality.case import Case, CaseKind, Decision, DecisionKind, Disposition
from quality.characteristic import PartSerial
from quality.evidence import Measurement
from quality.inspection import Cycle, Evidence, Inspection
from quality.judgement import Verdict
from quality.order import OrderCode, OrderResult, OrderState
from quality.plan import Role
from tests.unit.review_api.conftest import BEGAN, HOLE, LINE, PLAN, STATION, Store

GOOD, BAD = 0.01, 0.5
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'; DROP TABLE parts; --",
    "../../etc/passwd",
    "a/b?c=d#e",
    "100%",
    "\u202egnirts",
    "=1+1",
]


def passage(
    store: Store, serial: str, value: float | None = None, boot: int = 1, verdict: Verdict = Verdict.PASS
) -> int:
    """One passage of that serial, measured or not; the number of its inspection."""
    store.made += 1
    at = BEGAN + timedelta(minutes=store.made)
    cycle = Cycle(LINE, STATION, boot, store.made, PartSerial(serial), at)
    case = None
    if verdict is not Verdict.PASS:
        case = Case(
            uuid4(),
            CaseKind.SUSPECT_PART,
            LINE,
            STATION,
            boot,
            store.made,
            cycle.serial,
            at,
            at + timedelta(minutes=5),
            Role.ENGINEER,
        )
        store.cases.append(case)
    store.edge.record(Inspection(cycle, Evidence(), (), verdict, at, PLAN.version, ()), case, ())
    if value is not None:
        measured = Measurement(HOLE.name, value, cycle.serial, cycle.sequence, at)
        store.edge.record_measurements([measured], conforming=HOLE.limits.contain(value))
    return store.made


def suspects(page: str) -> list[str]:
    section = page[page.index('class="panel containment"') : page.index('class="part-columns"')]
    return re.findall(r'<b class="serial">([^<]*)</b>', section)


async def test_a_piece_of_a_serial_finds_every_part_with_it_newest_first(
    engineer: httpx.AsyncClient, store: Store
) -> None:
    for serial in ("BM-101", "BM-102", "XY-101"):
        passage(store, serial)

    page = (await engineer.get("/parts?serial=bm-1")).text

    assert re.findall(r'<b class="serial">([^<]*)</b>', page) == ["BM-102", "BM-101"]
    assert "No part has such a serial." in (await engineer.get("/parts?serial=ZZ")).text


async def test_a_whole_serial_leads_to_its_part_though_others_contain_it(
    engineer: httpx.AsyncClient, store: Store
) -> None:
    for serial in ("BM-1", "BM-10"):
        passage(store, serial)

    answer = await engineer.get("/parts?serial=BM-1")

    assert (answer.status_code, answer.headers["location"]) == (303, "/passages/1")
    assert "BM-1</span>" in (await engineer.get("/parts/BM-1")).text


async def test_a_serial_of_digits_is_never_taken_for_a_number_of_ours(
    engineer: httpx.AsyncClient, store: Store
) -> None:
    passage(store, "2")
    passage(store, "900")

    assert '<span class="serial">2</span>' in (await engineer.get("/parts/2")).text
    assert (await engineer.get("/parts/1")).headers["location"] == "/parts?serial=1"


async def test_a_serial_that_came_again_in_another_boot_shows_every_passage(
    engineer: httpx.AsyncClient, store: Store
) -> None:
    first = passage(store, "BM-7")
    again = passage(store, "BM-7", boot=2)

    page = (await engineer.get("/parts/BM-7")).text

    assert "This serial has passed 2 times" in page
    assert f'href="/passages/{first}"' in page
    assert f'href="/passages/{again}" aria-current="true"' in page
    older = (await engineer.get(f"/passages/{first}")).text
    assert f'href="/passages/{first}" aria-current="true"' in older


async def test_what_lies_between_good_parts_is_suspect_because_of_a_nonconforming_one(
    engineer: httpx.AsyncClient, store: Store
) -> None:
    passage(store, "A", GOOD)
    passage(store, "B")
    bad = passage(store, "C", BAD)
    passage(store, "D", verdict=Verdict.HOLD)
    passage(store, "E", GOOD)
    passage(store, "F")

    page = (await engineer.get(f"/passages/{bad}")).text

    assert suspects(page) == ["B", "D"]
    assert "1 of them passed the gate" in page
    assert "The last part measured good before it is A." in page
    assert "The first one after it is E." in page
    assert 'class="panel containment"' not in (await engineer.get("/passages/2")).text


async def test_a_confirmed_hold_makes_neighbours_suspect_and_its_order_is_told(
    engineer: httpx.AsyncClient, store: Store
) -> None:
    held = passage(store, "H", verdict=Verdict.HOLD)
    passage(store, "I")
    assert 'class="panel containment"' not in (await engineer.get(f"/passages/{held}")).text
    (case,) = store.cases
    confirm = Decision(
        uuid4(),
        DecisionKind.CONFIRM_HOLD,
        LINE,
        "mia",
        Role.ENGINEER,
        BEGAN,
        "burr",
        case_id=case.id,
        case_version=case.version,
        disposition=Disposition.SCRAP,
    )
    store.review.decide(confirm, PLAN, None)
    order = store.edge.record_order(confirm, OrderCode.DIVERT, case.cycle_sequence, 0)
    store.edge.settle_order(order.sequence, OrderState.DONE, OrderResult.DONE, "Acknowledged by the PLC.")

    page = (await engineer.get(f"/passages/{held}")).text

    assert suspects(page) == ["I"]
    assert "No part after it has been measured good yet." in page
    assert f"Order {order.sequence} to the PLC" in page
    assert f'href="/cases/{case.id}"' in page


@pytest.mark.parametrize("serial", HOSTILE)
async def test_hostile_serials_are_text_and_nothing_else(
    engineer: httpx.AsyncClient, store: Store, serial: str
) -> None:
    number = passage(store, serial)
    passage(store, "another")

    for address in ("/parts", f"/passages/{number}", f"/parts/{quote(serial, safe='')}", "/passages/2"):
        answer = await engineer.get(address)
        assert answer.status_code == 200, address
        assert "<script>alert" not in answer.text
        assert "<img src=x" not in answer.text
    found = await engineer.get("/parts", params={"serial": serial})
    assert found.headers["location"] == f"/passages/{number}"


@pytest.mark.parametrize("address", ["/parts?serial=a%00b", "/parts/a%00b", "/passages/99", "/parts/.."])
async def test_what_cannot_be_a_part_breaks_nothing(engineer: httpx.AsyncClient, address: str) -> None:
    assert (await engineer.get(address)).status_code in {200, 303, 404}


async def test_the_camera_is_allowed_on_the_page_that_scans_and_nowhere_else(
    engineer: httpx.AsyncClient, store: Store
) -> None:
    passage(store, "BM-1")

    policies = {
        address: (await engineer.get(address)).headers.get_list("permissions-policy")
        for address in ("/parts", "/passages/1", "/cases", "/api/v1/line")
    }

    assert [policy.split(",")[0] for policy in policies.pop("/parts")] == ["camera=(self)"]
    assert [policy.split(",")[0] for found in policies.values() for policy in found] == ["camera=()"] * 3
