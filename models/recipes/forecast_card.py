"""The model card of a forecast bundle, written from what the recipe did."""

from collections.abc import Mapping
from typing import Any

from quality.recording import PartHistory

_CARD = """# {name}

Forecasts each characteristic of the next part, as a normal distribution, from the measurements of earlier
parts (with gaps) and the part's readings.

- Data: {parts} parts in the order made, {first} to {last}; {nonconforming} of them nonconforming.
- History: {rows} parts. Readings: {readings}.
- Method: exponential averages of what was measured, a lone outlier cut; ridge regression of what they miss,
  its inputs and strength chosen by forecasting forward inside the learning share.
- One set of weights for a measurement every {gaps} parts; between them by how densely the newest parts were
  measured.
- Scale: the 90 % interval, calibrated on those forward residuals.

Squared error saved over the plain average of the same smoothing, forecasting forward inside the learning share:

{table}

Limits: it knows no tool, machine or part that it did not learn from. A fault that nothing before it announces
cannot be forecast, only found by measuring or on the picture. `jidoka evaluate` on a later recording says what
it is worth there.
"""


def write_card(name: str, history: PartHistory, recipe: Mapping[str, Any], choices: Mapping[str, Any]) -> str:
    """The card as Markdown: what it forecasts, from what, how it was learned, and what it is not good for.

    `choices` maps each gap to what was chosen for each characteristic, as in the manifest's figures.
    """
    rows = [
        f"| characteristic | {' | '.join(f'every {gap}' for gap in choices)} |",
        f"|---|{'---|' * len(choices)}",
    ]
    for characteristic in history.characteristics:
        cells = (_cell(by_name[characteristic.name]) for by_name in choices.values())
        rows.append(f"| {characteristic.name} | {' | '.join(cells)} |")
    return _CARD.format(
        name=name,
        parts=len(history),
        first=history.serials[0],
        last=history.serials[-1],
        nonconforming=int(history.nonconforming.sum()),
        rows=recipe["rows"],
        readings=", ".join(history.reading_names) or "none",
        gaps=" and ".join(str(gap) for gap in recipe["measure_every"]),
        table="\n".join(rows),
    )


def _cell(choice: Mapping[str, Any]) -> str:
    return f"{choice['squared_error_saved']:.1%} ({', '.join(choice['corrected_by']) or 'plain average'})"
