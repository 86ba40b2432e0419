"""The card of a surface bundle: what a person should know before trusting it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from quality.recording import LabelledFrame

_CARD = """# {name}

Says from a grey picture of a part's face how likely the face is nonconforming, and where on it.

- Data: {frames} pictures of {groups} tile groups, {bad} of them nonconforming ({labels}); {size}.
- Method: fixed filters at three scales describe each patch of {patch} × {patch} pixels, set against {against};
  {head}. The {strongest} strongest patches make the score, calibrated by logistic regression.
- Choice and calibration: {folds} folds of whole tile groups inside the learning share. Tried: {tried}.

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

_HEADS = {
    "network": "a small network trained on the masks tells whether it shows a defect",
    "forest": "extremely randomised trees trained on the masks tell whether it shows a defect",
    "deviation": "its distance from good patches counts, for no defects were labelled",
}


def write_card(
    name: str,
    frames: Sequence[LabelledFrame],
    recipe: Mapping[str, Any],
    figures: Mapping[str, Any],
    size: tuple[int, int] | None,
) -> str:
    """The card as Markdown. `size` is the pictures' height and width where they all have the same."""
    settings = recipe["settings"]
    labels = Counter(frame.label for frame in frames if not frame.conforming)
    return _CARD.format(
        name=name,
        frames=len(frames),
        groups=len({frame.tile_group for frame in frames}),
        bad=labels.total(),
        labels=", ".join(f"{count} {label}" for label, count in sorted(labels.items())) or "none",
        size=f"{size[1]} × {size[0]} pixels" if size else "of various sizes",
        patch=settings["patch"],
        against="the same place on good pictures" if settings["placed"] else "the rest of its picture",
        head=_HEADS[settings["head"]],
        strongest=settings["strongest"],
        folds=settings["folds"],
        tried="; ".join(f"{_words(tried)} AUROC {tried['auroc']:.3f}" for tried in recipe["tried"]),
        figures="\n".join(f"| {figure} | {value:g} |" for figure, value in figures.items()),
        smallest=settings["cell"],
    )


def _words(tried: Mapping[str, Any]) -> str:
    return f"{tried['head']} {'by place' if tried['placed'] else 'by picture'}"
