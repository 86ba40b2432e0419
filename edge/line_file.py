"""Reads LINE.yaml and, when it is wrong, says every mistake with its line and the mend."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from edge.modbus_mistakes import Location, modbus_mistakes
from edge.modbus_settings import Reach
from edge.settings import LineSettings

R = TypeVar("R", bound=Reach)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong in the file: where (1-based line and the path of keys), what, and what to do."""

    line: int
    where: str
    problem: str
    mend: str


class LineFileError(Exception):
    """The file cannot be used; `mistakes` says all that is wrong with it."""

    def __init__(self, path: Path, mistakes: tuple[Mistake, ...]) -> None:
        self.path = path
        self.mistakes = mistakes
        lines = [f"{path}:{m.line}: {m.where}: {m.problem}. {m.mend}" for m in mistakes]
        super().__init__("\n".join(lines))


def read_line_file(path: Path) -> LineSettings:
    """The settings in the file, with relative paths taken from the file's folder. Raises LineFileError."""
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except OSError as error:
        raise LineFileError(
            path, (Mistake(1, "file", str(error.strerror), "Name a file that can be read."),)
        ) from error
    except UnicodeDecodeError as error:
        raise LineFileError(path, (Mistake(1, "file", "it is not UTF-8 text", "Save it as UTF-8."),)) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise LineFileError(
            path, (Mistake(line, "yaml", str(error.problem), "Mend the indentation, quotes or brackets there."),)
        ) from error
    if not isinstance(content, dict):
        raise LineFileError(path, (Mistake(1, "file", "it holds no settings", "Start from `jidoka init DIR`."),))
    twice = tuple(_repeated_keys(root, ()))
    try:
        settings = LineSettings.model_validate(content)
    except ValidationError as error:
        # A default that hangs on a wrong setting is a consequence, not a second mistake.
        details = [detail for detail in error.errors() if detail["type"] != "default_factory_not_called"]
        mistakes = (*twice, *(_mistake(detail, root) for detail in details))
        raise LineFileError(path, tuple(sorted(mistakes, key=lambda m: m.line))) from error
    wrong = (
        *twice,
        *(Mistake(_line(root, where), _path(where), *rest) for where, *rest in _contradictions(settings)),
    )
    if wrong:
        raise LineFileError(path, tuple(sorted(wrong, key=lambda m: m.line)))
    return _anchored(settings, path.resolve().parent)


def _anchored(settings: LineSettings, folder: Path) -> LineSettings:
    store = settings.store
    url = store.url
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
        url = f"sqlite:///{folder / url.removeprefix('sqlite:///')}"
    anchored = store.model_copy(
        update={
            "url": url,
            "frames": folder / store.frames,
            "ledger_key": folder / store.ledger_key,
            "ledger_head": folder / store.ledger_head if store.ledger_head else None,
        }
    )
    models = settings.models
    keys = tuple(folder / key for key in models.trusted_keys)
    return settings.model_copy(
        update={
            "store": anchored,
            "models": models.model_copy(update={"store": folder / models.store, "trusted_keys": keys}),
            "plc": _reached(settings.plc, folder),
            "gauge": None if settings.gauge is None else _reached(settings.gauge, folder),
            "devices": tuple(_reached(device, folder) for device in settings.devices),
            "review": settings.review.anchored(folder),
        }
    )


def _reached(reach: R, folder: Path) -> R:
    """The same device, its certificates taken from the file's folder."""
    if reach.tls is None:
        return reach
    files = {name: folder / getattr(reach.tls, name) for name in ("ca", "certificate", "key")}
    return reach.model_copy(update={"tls": reach.tls.model_copy(update=files)})


def _contradictions(settings: LineSettings) -> Iterator[tuple[Location, str, str]]:
    """What each section allows by itself and the sections together do not."""
    characteristics = [c.name for c in settings.plan.characteristics]
    at_plc = [tag.name for tag in (*settings.plc.readings, *settings.plc.parameters)]
    readings = list(at_plc)
    for index, device in enumerate(settings.devices):
        for number, tag in enumerate(device.readings):
            if tag.name in readings:
                yield (
                    ("devices", index, "readings", number, "name"),
                    f"{tag.name} is read already",
                    "Rename or remove one.",
                )
            readings.append(tag.name)
    cameras = [camera.name for camera in settings.cameras]
    yield from _twice(characteristics, ("plan", "characteristics"), "characteristic")
    yield from _twice([tag.name for tag in settings.plc.readings], ("plc", "readings"), "reading")
    yield from _twice([tag.name for tag in settings.plc.parameters], ("plc", "parameters"), "parameter")
    yield from _twice(cameras, ("cameras",), "camera")
    yield from _twice([device.name for device in settings.devices], ("devices",), "device")
    yield from modbus_mistakes(settings)
    for index, rule in enumerate(settings.plan.parameters):
        where: Location = ("plan", "parameters", index)
        if rule.name not in at_plc:
            yield (
                (*where, "name"),
                f"{rule.name} has no read-back under plc.parameters",
                f"Add its register there{_did_you_mean(rule.name, at_plc)}.",
            )
        yield from _unknown(rule.moves, characteristics, (*where, "moves"), "characteristic")
    for index, tool in enumerate(settings.plan.tools):
        where = ("plan", "tools", index)
        yield from _unknown([tool.reading], readings, (*where, "reading"), "reading")
        yield from _unknown(tool.characteristics, characteristics, (*where, "characteristics"), "characteristic")
    yield from _unknown(settings.models.surface, cameras, ("models", "surface"), "camera")


def _twice(names: Iterable[str], where: Location, what: str) -> Iterator[tuple[Location, str, str]]:
    listed = list(names)
    for name, count in Counter(listed).items():
        if count > 1:
            last = len(listed) - 1 - listed[::-1].index(name)
            yield (*where, last, "name"), f"the {what} {name} is named {count} times", "Rename or remove one."


def _unknown(
    names: Iterable[str], known: list[str], where: Location, what: str
) -> Iterator[tuple[Location, str, str]]:
    for name in names:
        if name not in known:
            yield where, f"there is no {what} {name}", f"Name one that is listed{_did_you_mean(name, known)}."


def _did_you_mean(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _mistake(detail: ErrorDetails, root: yaml.Node | None) -> Mistake:
    location = detail["loc"]
    problem, mend = detail["msg"].removeprefix("Value error, "), "Mend this value."
    match detail["type"]:
        case "missing":
            problem, mend = "it is missing", f"Add `{location[-1]}:` here."
        case "extra_forbidden":
            known = _keys_at(location[:-1])
            problem, mend = (
                f"no setting is called {location[-1]}",
                f"Remove it{_did_you_mean(str(location[-1]), known)}.",
            )
        case "literal_error" | "enum":
            problem = f"{detail['input']!r} is not a choice"
            mend = f"Write one of {detail.get('ctx', {}).get('expected', '')}."
        case "value_error":
            mend = ""
        case kind if kind.endswith(("_parsing", "_type")):
            problem = f"{detail['input']!r} does not fit: {problem}"
    return Mistake(_line(root, location), _path(location), problem, mend)


def _keys_at(location: Location) -> list[str]:
    model: type[BaseModel] | None = LineSettings
    for key in location:
        if isinstance(key, int) or model is None:
            continue
        model = _model_in(model.model_fields[key].annotation) if key in model.model_fields else None
    return list(model.model_fields) if model else []


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        if (found := _model_in(argument)) is not None:
            return found
    return None


def _line(node: yaml.Node | None, location: Location) -> int:
    """The 1-based line of the deepest part of the location that the file has."""
    line = 1 if node is None else node.start_mark.line + 1
    for key in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == key), None)
            if found is None:
                return line
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
            line = node.start_mark.line + 1
        else:
            return line
    return line


def _repeated_keys(node: yaml.Node | None, where: Location) -> Iterator[Mistake]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            inside = (*where, key.value)
            if key.value in seen:
                yield Mistake(key.start_mark.line + 1, _path(inside), "it is written twice", "Remove one.")
            seen.add(key.value)
            yield from _repeated_keys(value, inside)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _repeated_keys(item, (*where, index))


def _path(location: Location) -> str:
    text = ""
    for key in location:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else str(key)
    return text or "file"
