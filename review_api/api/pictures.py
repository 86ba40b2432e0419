"""Pictures: kept frames by their hash, the cameras' newest ones, and what the surface model saw."""

import hashlib
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Depends, Header, Path, Response
from fastapi.responses import FileResponse

from quality.saying import saying
from review_api.access import EVERYONE, allowed
from review_api.api.cases import RowNumber
from review_api.collaborators import Handed
from review_api.png import overlay
from review_api.problems import Problem, documented

router = APIRouter(
    prefix="/pictures",
    tags=["pictures"],
    dependencies=[Depends(allowed(*EVERYONE))],
    responses=documented(401, 404, 422),
)
FOR_EVER = {"cache-control": "private, max-age=31536000, immutable"}
MEDIA_TYPES = {b"\xff\xd8": "image/jpeg", b"\x89P": "image/png", b"BM": "image/bmp"}

Camera = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


@router.get("/live/{camera}", response_class=Response)
def live(
    camera: Camera, station: Handed, if_none_match: Annotated[str | None, Header(max_length=100)] = None
) -> Response:
    """The camera's newest picture; 304 when it is the one that is known already."""
    try:
        picture = (station.settings.live_folder / f"{camera}.jpg").read_bytes()
    except FileNotFoundError:
        raise Problem(
            404, "NOT_FOUND", saying("Camera {camera} has shown no picture yet.", camera=camera)
        ) from None
    tag = f'"{hashlib.sha256(picture).hexdigest()[:16]}"'
    if if_none_match == tag:
        return Response(status_code=304, headers={"etag": tag})
    return Response(picture, headers={"etag": tag}, media_type=_media_type(picture[:2]))


@router.get("/map/{inspection_id}/{camera}.png", response_class=Response)
def map_of_finding(inspection_id: RowNumber, camera: Camera, station: Handed) -> Response:
    """What the surface model saw, to be laid over that camera's frame: transparent where low, red where high."""
    detail = station.records.inspection(inspection_id)
    findings = () if detail is None else detail.findings
    seen = next((f.map for f in findings if f.camera == camera and f.map), None)
    if seen is None:
        raise Problem(
            404,
            "NOT_FOUND",
            saying(
                "Inspection {inspection_id} keeps no map of camera {camera}.",
                inspection_id=inspection_id,
                camera=camera,
            ),
        )
    return Response(overlay(np.array(seen, np.uint8)), media_type="image/png", headers=FOR_EVER)


@router.get("/{sha256}", response_class=FileResponse)
def kept(sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")], station: Handed) -> FileResponse:
    """The frame of that hash."""
    path = station.records.frame_path(sha256)
    if path is None:
        raise Problem(404, "NOT_FOUND", saying("This picture is not kept."))
    with path.open("rb") as file:
        media_type = _media_type(file.read(2))
    return FileResponse(path, media_type=media_type, headers=FOR_EVER)


def _media_type(start: bytes) -> str:
    return MEDIA_TYPES.get(start, "application/octet-stream")
