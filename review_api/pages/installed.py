"""What makes the station an app on the tablet: manifest, service worker, and a page for want of a network.

They hold nothing of the line's and are there for whoever asks, as the sign-in page is.
"""

from typing import Any

import orjson
from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from review_api.collaborators import Handed, Spoken
from review_api.pages.drawing import TEMPLATES
from review_api.pages.words import line_title
from review_api.shell import SHELL

router = APIRouter()

NETWORKLESS = "/offline"
KEPT_FOR_S = 900
"""How old a page may be that is shown without a network: as long as a session may idle."""


@router.get("/manifest.webmanifest")
def manifest(station: Handed) -> Response:
    """The web app manifest (W3C)."""
    icons = [
        {
            "src": f"{SHELL.place}/icons/{name}.png",
            "sizes": f"{size}x{size}",
            "type": "image/png",
            "purpose": purpose,
        }
        for name, size, purpose in (("192", 192, "any"), ("512", 512, "any"), ("maskable", 512, "maskable"))
    ]
    content: dict[str, Any] = {
        "id": "/",
        "name": f"{line_title(station.settings.line)} · Jidoka",
        "short_name": line_title(station.settings.line),
        "start_url": "/line",
        "scope": "/",
        "display": "standalone",
        "background_color": "#e7e9ec",
        "theme_color": "#39434c",
        "icons": icons,
    }
    return Response(orjson.dumps(content), media_type="application/manifest+json")


@router.get("/service-worker.js")
def service_worker() -> Response:
    """The script, told what to keep; other files make another script, which the tablet then takes in its place."""
    known = {
        "version": SHELL.version,
        "keeps": SHELL.addresses,
        "networkless": NETWORKLESS,
        "kept_for_s": KEPT_FOR_S,
    }
    script = f"const KNOWN = {orjson.dumps(known).decode()};\n{SHELL.text('js/service-worker.js')}"
    return Response(script, headers={"cache-control": "no-cache"}, media_type="text/javascript")


@router.get(NETWORKLESS)
def networkless(station: Handed, language: Spoken) -> HTMLResponse:
    """The page that a tablet keeps for the time without a network."""
    settings = station.settings
    page = TEMPLATES.get_template("networkless.html").render(
        line=line_title(settings.line), language=language, zone=settings.time_zone.key
    )
    return HTMLResponse(page)
