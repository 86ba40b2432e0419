"""The card of a surface bundle: what a person should know before trusting it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from quality.recording import LabelledFrame

_CARD = """# {name}

Says from a grey picture of a part's face how likely the face is nonconforming, and where on it.

- Data: {frames} pictures of {groups} tile groups, {bad} of them nonconforming ({labels}); {size}.
- Method: {method}
- Score: {strongest}, calibrated by logistic regression on what was said of held-out groups.
- Split, for choice and calibration: {folds} folds of whole tile groups inside the learning share. Tried: {tried}.
- Parity: {compared} pictures scored by the exported graph and by what was learned: the same verdict on every one,
  scores at most {apart:g} apart.

What the chosen kind of model did on the groups held out of its learning (the model that ships then learned from
all of them):

| figure | value |
|---|---|
{figures}

Limits of use: it knows the camera, light, pose and kinds of defect of its pictures and no others; a defect
much smaller than {smallest} pixels may vanish. Groups from one camera and one day resemble each other, so a
recording of another day is the honest test: `jidoka evaluate BUNDLE RECORDING` on pictures it did not learn
from. The score is a probability for the share of nonconforming parts that it learned from. This is a quality
function and no safety function.

Made again by `jidoka train surface RECORDING --out BUNDLE` from the same recording. Licence: Apache-2.0.
"""

MARKING = "marking network"
_PARITY = ("verdicts_compared", "scores_apart")
_PLACES = {
    "network": "patches",
    "deviation": "patches",
    MARKING: "cells, and the picture as a whole",
}
_FILTERS = """fixed filters at three scales describe each patch of {patch} × {patch} pixels, set against {against};
  {head}."""
_HEADS = {
    "network": "a small network trained on the masks tells whether it shows a defect",
    "deviation": "its distance from good patches counts, for no defects were labelled",
}
_NETWORK = """a convolutional network of {weights} weights, taught from random first weights, marks each cell of
  {patch} × {patch} pixels and judges the picture as a whole. It saw crops at the pictures' own scale, turned,
  stretched and lit anew; real defects were moved to other faces, and spots, lines and foreign texture made up."""


def write_card(
    name: str,
    frames: Sequence[LabelledFrame],
    recipe: Mapping[str, Any],
    figures: Mapping[str, Any],
    size: tuple[int, int] | None,
) -> str:
    """The card as Markdown. `size` is the pictures' height and width where they all have the same."""
    settings = recipe["settings"]
    shown = {name: value for name, value in figures.items() if name not in _PARITY}
    labels = Counter(frame.label for frame in frames if not frame.conforming)
    return _CARD.format(
        name=name,
        frames=len(frames),
        groups=len({frame.tile_group for frame in frames}),
        bad=labels.total(),
        labels=", ".join(f"{count} {label}" for label, count in sorted(labels.items())) or "none",
        size=f"{size[1]} × {size[0]} pixels" if size else "of various sizes",
        method=_method(settings),
        strongest=f"the {settings['strongest']} strongest {_PLACES[settings['kind']]}",
        folds=settings["folds"],
        tried="; ".join(_words(tried) for tried in recipe["tried"]),
        compared=figures["verdicts_compared"],
        apart=figures["scores_apart"],
        figures="\n".join(f"| {figure} | {value:g} |" for figure, value in shown.items()),
        smallest=settings["smallest"],
    )


def _method(settings: Mapping[str, Any]) -> str:
    if settings["kind"] == MARKING:
        return _NETWORK.format(**settings)
    against = "the same place on good pictures" if settings["placed"] else "the rest of its picture"
    return _FILTERS.format(patch=settings["patch"], against=against, head=_HEADS[settings["kind"]])


def _words(tried: Mapping[str, Any]) -> str:
    if tried["kind"] == MARKING:
        return f"{MARKING} AUROC {tried['auroc']:.3f}"
    return f"{tried['kind']} {'by place' if tried['placed'] else 'by picture'} AUROC {tried['auroc']:.3f}"
