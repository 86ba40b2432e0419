"""Styles, scripts and icons under one version, so that a tablet fetches each of them once and keeps it.

The pages ask for `/static/VERSION/...`: what was answered there never changes and need not be asked for again. The
same files without a version are for whoever cannot know it, and are asked for again each time (304 is cheap).
"""

import gzip
import hashlib
import mimetypes
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
COMPRESSED = frozenset({".css", ".js", ".svg"})
KEPT_BY_TABLETS = frozenset({".css", ".js", ".svg", ".png"})
LICENCES = "LICENSE"


class Shell:
    """The files of `static`, read once and compressed once each, as an ASGI app to be mounted.

    `version` names their content and that of `also`, a folder of templates which a tablet keeps too.
    """

    def __init__(self, static: Path, also: Path) -> None:
        self._files = {
            path.relative_to(static).as_posix(): path.read_bytes()
            for path in sorted(static.rglob("*"))
            if path.is_file()
        }
        self._compressed: dict[str, bytes] = {}
        digest = hashlib.sha256()
        templates = {path.name: path.read_bytes() for path in sorted(also.glob("*.html"))}
        for name, content in (self._files | templates).items():
            digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
        self.version = digest.hexdigest()[:12]

    @property
    def place(self) -> str:
        """Where the pages find the files, without a slash at its end."""
        return f"/static/{self.version}"

    @property
    def addresses(self) -> tuple[str, ...]:
        """What a tablet keeps for the time without a network; licences are not among it."""
        kept = (name for name in self._files if Path(name).suffix in KEPT_BY_TABLETS and LICENCES not in name)
        return tuple(f"{self.place}/{name}" for name in kept)

    def text(self, name: str) -> str:
        """The file's text. Raises KeyError when there is none of that name."""
        return self._files[name].decode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request below the place where it is mounted."""
        path = scope["path"].removeprefix(scope.get("root_path", "")).lstrip("/")
        name = path.removeprefix(f"{self.version}/")
        await self._answer(name, Headers(scope=scope), kept=name != path)(scope, receive, send)

    def _answer(self, name: str, asked: Headers, *, kept: bool) -> Response:
        content = self._files.get(name)
        if content is None:
            return Response("There is no such file.", 404, media_type="text/plain")
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        headers = {"etag": tag, "cache-control": FOR_EVER if kept else ASK_AGAIN, "vary": "Accept-Encoding"}
        if asked.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        if Path(name).suffix in COMPRESSED and "gzip" in asked.get("accept-encoding", ""):
            if name not in self._compressed:
                self._compressed[name] = gzip.compress(content, 9, mtime=0)
            content = self._compressed[name]
            headers["content-encoding"] = "gzip"
        return Response(content, headers=headers, media_type=mimetypes.guess_type(name)[0])


SHELL = Shell(Path(__file__).parent / "static", Path(__file__).parent / "templates")
"""The review station's own, as it was when the process began."""
