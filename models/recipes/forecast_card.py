"""The model card of a forecast bundle, written from what the recipe did."""

from collections.abc import Mapping
from typing import Any

from quality.recording import PartHistory

_CARD = """# {name}

Forecasts each characteristic of the next part, as a normal distribution, from the measurements of earlier
parts (with gaps) and the part's readings.

## Data and split

- Learned from {parts} parts in the order made, {first} to {last}; {nonconforming} of them nonconforming.
- Nothing after {last} was looked at. Every choice was made by forecasting forward inside these parts.
- Characteristics: {characteristics}. Readings needed: {readings}.

## How it was learned

- History: {rows} parts. Exponential averages of what was measured, a lone outlier cut; a ridge regression of what
  they miss, its inputs and strength chosen by forecasting forward.
- Forecasting by likeness beside it: what earlier parts near in time and alike in their readings came to (a
  Gaussian process, its kernel set beforehand and not fitted). It learns on the line itself, also of faults that
  the recording does not hold. Its share of the mean was chosen by forecasting forward.
- One set of weights for a measurement every {gaps} parts; between them by how densely the newest were measured.
- Scale: age of the last measurement, recent unrest, movement of the readings, doubt and unrest of the likeness;
  its 90 % interval calibrated on the forward residuals. On the line it follows the misses of measured parts
  (adaptive conformal inference).
- Characteristics that are reset at a tool change: {resetting}.

## Figures

Squared error saved, forecasting forward inside the parts learned from: by the ridge regression over the plain
average, then by likeness over both (its share of the mean in brackets; a loss is the premium paid for learning on
the line).

{table}

The exported graph and what was learned gave the same verdict on all {verdicts} forecasts of these parts
(thresholds 0.1 and 0.5); their means differ by at most {difference:.1g} spreads.

What it is worth on later parts, which it has not seen: `jidoka evaluate {name} RECORDING --last 0.4`.

## Limits

- It knows no tool, machine or part that it did not learn from.
- A fault that nothing before it announces cannot be forecast, only found by measuring or on the picture. One that
  a reading shows is forecast from about its third measured part on, where likeness has a share.
- It is told of tool changes by counters among its readings, and of no other maintenance.
- The scale is that of a normal distribution; far tails are thinner than real ones.
- It is part of a quality function and no safety function.

Licence: Apache-2.0.
"""


def write_card(
    name: str,
    history: PartHistory,
    recipe: Mapping[str, Any],
    figures: Mapping[str, Any],
    resetting: list[str],
) -> str:
    """The card as Markdown: what it forecasts, from what, how it was learned, and what it is not good for.

    `figures` are the manifest's; `resetting` names the characteristics that a tool change resets.
    """
    choices: Mapping[str, Any] = figures["forward_validation"]
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
        nonconforming=figures["nonconforming"],
        characteristics=", ".join(c.name for c in history.characteristics),
        readings=", ".join(history.reading_names) or "none",
        rows=recipe["rows"],
        gaps=" and ".join(str(gap) for gap in recipe["measure_every"]),
        resetting=", ".join(resetting) or "none",
        table="\n".join(rows),
        verdicts=figures["parity"]["verdicts"],
        difference=figures["parity"]["largest_difference_of_means_in_spreads"],
    )


def _cell(choice: Mapping[str, Any]) -> str:
    by_ridge = f"{choice['squared_error_saved']:.1%} ({', '.join(choice['corrected_by']) or 'plain average'})"
    if not choice["share_of_likeness"]:
        return by_ridge
    return f"{by_ridge}, {choice['squared_error_saved_by_likeness']:.1%} ({choice['share_of_likeness']:.0%})"
