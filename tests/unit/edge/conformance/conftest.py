"""Every sheet of these tests, filled in at the same time: what takes long is waiting for watchdogs."""

import asyncio
from collections.abc import Callable

import pytest

from tests.structured_text.plant import ReferencePlc, reference_text
from tests.unit.edge.conformance import wrong
from tests.unit.edge.conformance.cases import BROKEN, LEFT_ALONE, PLCS, RIGHT
from tests.unit.edge.conformance.served import Plc, Sheet, coil_sheet_of, sheet_of

SHEETS_WITHIN_S = 120


@pytest.fixture(scope="package")
def sheets() -> dict[object, Sheet]:
    """By the PLC's class; of the reference block by its text."""
    plcs = [*RIGHT, LEFT_ALONE, *(case.plc for case in PLCS)]
    text = reference_text()
    texts = [text, *(text.replace(right, wrong) for right, wrong, _ in BROKEN)]

    async def fill_in() -> list[Sheet]:
        async with asyncio.timeout(SHEETS_WITHIN_S):
            return await asyncio.gather(*map(_sheet, plcs), *(sheet_of(ReferencePlc(text=text)) for text in texts))

    return dict(zip([*plcs, *texts], asyncio.run(fill_in()), strict=True))


async def _sheet(plc: Callable[[], Plc]) -> Sheet:
    made = plc()
    if isinstance(made, wrong.Coils):
        return await coil_sheet_of(made)
    if isinstance(made, wrong.FalseEcho):
        return await sheet_of(made, wrong.EchoServer)
    return await sheet_of(made, parts=plc is not LEFT_ALONE)
