"""The picture of a replay: what escapes against what is measured, the policy beside the shop's rule."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

mpl.use("agg")


def draw_effort(card: Mapping[str, Any], folder: Path) -> Path:
    """Draws the risk-effort curve of a replay's scorecard; gives the file written."""
    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(8, 5.5), layout="constrained")
    axis = figure.subplots()
    curve = sorted((point["share"], point["escapes"]) for point in card["curve"])
    axis.plot(*zip(*curve, strict=True), "-", color="tab:blue", label="policy, measuring from a risk on")
    at_share = list(card["at_share"].values())
    for label, marker, points in (
        ("policy, kept to a share", "o", [(one["measured_share"], one["escapes"]) for one in at_share]),
        ("shop's rule, tuned before", "s", _points(at_share, "shop_tuned_before")),
        ("shop's rule, best in hindsight", "^", _points(at_share, "shop_best_in_hindsight")),
        ("shop's usual rules", "x", [(r["measured_share"], r["escapes"]) for r in card["shop_rule"].values()]),
    ):
        if points:
            colour = "tab:blue" if label.startswith("policy") else "tab:orange"
            axis.plot(*zip(*points, strict=True), marker, color=colour, label=label)
    total = card["nonconforming"]
    axis.plot([0, 1], [total, 0], ":", color="grey", label="parts drawn at random")
    axis.plot([0, total / max(1, card["parts"])], [total, 0], "--", color="grey", label="nobody can do better")
    axis.set_xlim(0, 1)
    axis.set_ylim(bottom=0)
    axis.set_xlabel("share of the parts measured")
    axis.set_ylabel(f"nonconforming parts that passed, of {total}")
    axis.legend()
    file = folder / "replay_effort.png"
    figure.savefig(file, dpi=120)
    return file


def _points(rows: list[Mapping[str, Any]], name: str) -> list[tuple[float, int]]:
    return [(row[name]["measured_share"], row[name]["escapes"]) for row in rows if row[name] is not None]
