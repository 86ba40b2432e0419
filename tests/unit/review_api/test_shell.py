"""What a tablet keeps of the station: files under one version, the manifest, the service worker."""

import gzip
import json
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from review_api.shell import ASK_AGAIN, FOR_EVER, SHELL, Shell
from tests.unit.review_api.conftest import Store


def shell(folder: Path, **files: str) -> Shell:
    static, templates = folder / "static", folder / "templates"
    for place in (static, templates):
        place.mkdir(exist_ok=True)
    for name, content in files.items():
        place = templates if name == "page" else static
        (place / f"{name}.{'html' if name == 'page' else 'js'}").write_text(content)
    return Shell(static, templates)


def test_another_file_or_page_makes_another_version(tmp_path: Path) -> None:
    first = shell(tmp_path, one="1", page="<p>")
    assert shell(tmp_path).version == first.version
    assert len({first.version, shell(tmp_path, one="2").version, shell(tmp_path, page="<b>").version}) == 3


async def test_what_has_a_version_is_kept_for_ever_and_what_has_none_is_asked_for_again(
    anyone: httpx.AsyncClient,
) -> None:
    kept = await anyone.get(f"{SHELL.place}/css/ground.css")
    asked = await anyone.get("/static/css/ground.css")
    assert kept.text == asked.text
    assert (kept.headers["cache-control"], asked.headers["cache-control"]) == (FOR_EVER, ASK_AGAIN)
    again = await anyone.get("/static/css/ground.css", headers={"If-None-Match": asked.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/static/nothing.js", "/static/../app.py", "/static/%2e%2e/app.py", "/static/"])
async def test_there_is_nothing_beside_the_files(anyone: httpx.AsyncClient, path: str) -> None:
    assert (await anyone.get(path)).status_code == 404


async def test_files_come_compressed_to_who_takes_that(app: FastAPI) -> None:
    transport = httpx.ASGITransport(app)
    path = f"{SHELL.place}/js/live.js"
    async with httpx.AsyncClient(transport=transport, base_url="http://station") as client:
        async with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
            compressed = b"".join([piece async for piece in answer.aiter_raw()])
        plain = await client.get(path, headers={"Accept-Encoding": "identity"})
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(compressed) == plain.content
    assert len(compressed) < len(plain.content) / 2


async def test_pages_come_compressed(engineer: httpx.AsyncClient, store: Store) -> None:
    store.make_part()
    answer = await engineer.get("/cases", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"


async def test_every_icon_of_the_manifest_is_there(anyone: httpx.AsyncClient) -> None:
    manifest = (await anyone.get("/manifest.webmanifest")).json()
    assert manifest["start_url"] == "/line"
    for icon in manifest["icons"]:
        answer = await anyone.get(icon["src"])
        assert answer.headers["content-type"] == "image/png"
        width = int.from_bytes(answer.content[16:20], "big")
        assert icon["sizes"] == f"{width}x{width}"


async def test_the_service_worker_knows_every_file_of_this_version(anyone: httpx.AsyncClient) -> None:
    script = (await anyone.get("/service-worker.js")).text
    known = json.loads(script.partition("const KNOWN = ")[2].partition(";\n")[0])
    assert known["version"] == SHELL.version
    for address in [*known["keeps"], known["networkless"]]:
        assert (await anyone.get(address)).status_code == 200, address
    assert f"{SHELL.place}/vendor/htmx.min.js" in known["keeps"]
    assert not [address for address in known["keeps"] if "LICENSE" in address]
