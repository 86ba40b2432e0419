"""Every room is under contract: none can be added without a layer."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_PRODUCT = {"tests", "bench"}


def test_every_package_at_the_top_has_a_layer() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    linter = settings["tool"]["importlinter"]
    found = {path.parent.name for path in ROOT.glob("*/__init__.py")} - NOT_PRODUCT
    layers = next(c["layers"] for c in linter["contracts"] if c["type"] == "layers" and "containers" not in c)
    layered = {room.strip() for layer in layers for room in layer.split("|")}
    assert found == layered == set(linter["root_packages"])
    assert found == set(settings["tool"]["mypy"]["packages"])
    assert found == set(settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
