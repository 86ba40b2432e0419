"""Opens the bundles that LINE.yaml names: a folder, one that ships, or the one that was promoted.

A promoted bundle that turns out wrong at the start does not stop the line: the last good one before it is put to
work instead, and the alarm says so. There is nothing to fall back on for a bare folder.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Generic, TypeVar

from edge.settings import LineSettings, ModelsSettings
from inference.bundle import MANIFEST, Bundle, BundleError, load_bundle
from inference.bundle_store import BundleStore
from inference.proving import prove
from inference.signature import SignatureError, TrustedKey, trusted_key
from models import SHIPPED

T = TypeVar("T")

BUILTIN = "builtin:"
PROMOTED = "promoted:"


def shipped_bundles() -> list[Path]:
    """The folders of the bundles that ship, by name."""
    spec = find_spec("models")
    places = (spec.submodule_search_locations if spec else None) or ()
    return sorted(manifest.parent for place in places for manifest in Path(place).glob("*/manifest.json"))


def bundle_folder(name: str, beside: Path) -> Path:
    """The folder of a bundle: `builtin:NAME` is one that ships, anything else a path. Raises BundleError."""
    if not name.startswith(BUILTIN):
        return beside / name
    shipped = {folder.name: folder for folder in shipped_bundles()}
    if (folder := shipped.get(name.removeprefix(BUILTIN))) is None:
        known = ", ".join(f"{BUILTIN}{known}" for known in shipped) or "none"
        raise BundleError(f"{name}: no such bundle ships (there is: {known}); name one, or a folder")
    return folder


def checked_bundle(
    name: str, beside: Path, trusted: Sequence[TrustedKey] = (), shipped: Mapping[str, str] = SHIPPED
) -> Bundle:
    """The bundle, signed with a trusted key where there are such. Raises BundleError.

    One that ships carries no signature: it is the one whose digest the program holds, in `shipped`.
    """
    folder = bundle_folder(name, beside)
    if not name.startswith(BUILTIN):
        return load_bundle(folder, trusted=trusted)
    bundle = load_bundle(folder)
    if bundle.digest != shipped.get(folder.name):
        raise BundleError(
            f"{folder}: is another bundle ({bundle.digest}) than this version ships; install jidoka again, or name"
            " the folder itself if it is meant"
        )
    return bundle


def open_bundle(name: str, kind: str, beside: Path, trusted: Sequence[TrustedKey] = ()) -> Bundle:
    """The checked bundle, which has to be of that kind. Raises BundleError."""
    bundle = checked_bundle(name, beside, trusted)
    if bundle.kind != kind:
        raise BundleError(f"{name} is a {bundle.kind} bundle, where a {kind} bundle is needed; name another")
    return bundle


def trusted_keys(settings: ModelsSettings) -> tuple[TrustedKey, ...]:
    """The keys whose signatures the line believes; none: nobody has to sign. Raises BundleError."""
    try:
        return tuple(trusted_key(path) for path in settings.trusted_keys)
    except SignatureError as error:
        raise BundleError(f"models.trusted_keys: {error}") from error


@dataclass(frozen=True, slots=True)
class Opened(Generic[T]):
    """A model at work, the bundle it was made of and its folder, and why it is not the one that was meant."""

    model: T
    bundle: Bundle
    folder: Path
    instead: str = ""


class Bundles:
    """Opens bundles for one line. `beside` is the folder of LINE.yaml."""

    def __init__(self, settings: LineSettings, beside: Path) -> None:
        """Raises BundleError when a trusted key cannot be read."""
        self._settings = settings
        self._beside = beside
        self._trusted = trusted_keys(settings.models)
        self.store = BundleStore(settings.models.store)

    def open(self, name: str, kind: str, make: Callable[[Bundle], T]) -> Opened[T]:
        """What `make` makes of the bundle. Raises BundleError when neither it nor one before it can be used."""
        if name.startswith(PROMOTED):
            return self._open_promoted(name.removeprefix(PROMOTED), kind, make)
        bundle = open_bundle(name, kind, self._beside, self._trusted)
        return Opened(make(bundle), bundle, bundle_folder(name, self._beside))

    def promote(self, name: str, bundle_name: str) -> Bundle:
        """Puts a bundle in force under that name once it has been checked, run, and found to fit the line.

        Raises BundleError; what is in force stays so then.
        """
        folder = bundle_folder(bundle_name, Path())
        bundle = load_bundle(folder, trusted=self._trusted)
        prove(bundle)
        if misfit := self._misfit(name, bundle):
            raise BundleError(f"{folder}: {misfit}")
        self.store.promote(name, folder, bundle)
        return bundle

    def rollback(self, name: str) -> Bundle:
        """Puts the bundle that was in force before it in force again. Raises BundleError."""
        before = self.store.promoted(name).before
        if before is not None:
            prove(load_bundle(before, trusted=self._trusted))
        return load_bundle(self.store.rollback(name).in_force)

    def uses(self, name: str) -> bool:
        """Whether LINE.yaml names what is promoted under that name."""
        return f"{PROMOTED}{name}" in {self._settings.models.forecast, *self._settings.models.surface.values()}

    def _misfit(self, name: str, bundle: Bundle) -> str:
        wanted = self._settings.models
        for kind, used in (("forecast", {wanted.forecast}), ("surface", set(wanted.surface.values()))):
            if f"{PROMOTED}{name}" in used and kind != bundle.kind:
                return f"is a {bundle.kind} bundle, and LINE.yaml uses {PROMOTED}{name} as a {kind} model"
        if bundle.kind != "forecast":
            return ""
        settings = self._settings
        tags = (*settings.plc.readings, *(tag for device in settings.devices for tag in device.readings))
        unread = sorted(set(bundle.fields["readings"]) - {tag.name for tag in tags})
        if unread:
            return f"needs {', '.join(unread)}, which LINE.yaml does not read; add the readings, or train without"
        planned = {characteristic.name for characteristic in settings.plan.characteristics}
        if missing := sorted(planned - set(bundle.fields["characteristics"])):
            return f"does not forecast {', '.join(missing)}; train it on a recording that has them"
        return ""

    def _open_promoted(self, name: str, kind: str, make: Callable[[Bundle], T]) -> Opened[T]:
        promoted = self.store.promoted(name)
        try:
            return self._proved(promoted.in_force, kind, make)
        except BundleError as refused:
            if promoted.before is None:
                raise
            mend = f"promote a sound one, or run `jidoka models rollback {name}`"
            try:
                last_good = self._proved(promoted.before, kind, make)
            except BundleError as also:
                raise BundleError(f"{refused}. The one before it: {also}. Mend: {mend}") from refused
            sentence = (
                f"The bundle promoted as {name} is refused, and the last good one before it"
                f" ({last_good.bundle.version}, {last_good.bundle.digest[:12]}…) judges instead. {refused}."
                f" Mend: {mend}, and restart the edge process."
            )
            return Opened(last_good.model, last_good.bundle, last_good.folder, sentence)

    def _proved(self, folder: Path, kind: str, make: Callable[[Bundle], T]) -> Opened[T]:
        bundle = open_bundle(str(folder), kind, self._beside, self._trusted)
        if bundle.digest != folder.name:
            raise BundleError(
                f"{folder / MANIFEST}: is not the one that was promoted, whose digest names the folder"
            )
        prove(bundle)
        return Opened(make(bundle), bundle, folder)
