"""The camera's HTTP side: stream and snapshot, and the two doors only a simulator has, `/truth` and `/fault`."""

import asyncio
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from edge.simulator.exposures import Exposure, Exposures
from edge.simulator.faults import DEFAULT_SECONDS, Fault, Faults

BOUNDARY: Final = "exposure"
LONGEST_BODY: Final = 65_536
REQUEST_WITHIN_S: Final = 10.0


class CameraServer:
    """Serves the exposures. `truth` is asked for what became of the parts; `order_fault` carries a fault out."""

    def __init__(
        self,
        exposures: Exposures,
        faults: Faults,
        truth: Callable[[], dict[str, object]],
        order_fault: Callable[[Fault, float], None],
    ) -> None:
        self._exposures = exposures
        self._faults = faults
        self._truth = truth
        self._order_fault = order_fault
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self, host: str, port: int) -> int:
        """Listens; gives the port, chosen when asked for 0. Raises OSError when it is taken."""
        self._server = await asyncio.start_server(self._accept, host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Ends every answer under way and listens no more."""
        if self._server:
            self._server.close()
            for client in self._clients:
                client.cancel()
            await asyncio.gather(*self._clients, return_exceptions=True)
            await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._clients.add(client)
        client.add_done_callback(self._clients.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_WITHIN_S):
                method, path, body = await _request(reader)
            await self._answer(method, path, body, writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            # gone, too slow, or not HTTP: there is nobody to tell
            writer.transport.abort()
        finally:
            writer.close()

    async def _answer(self, method: str, path: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        if path in ("/stream", "/snapshot") and self._faults.active(Fault.CAMERA_GONE):
            writer.transport.abort()
        elif (method, path) == ("GET", "/stream"):
            await self._stream(writer)
        elif (method, path) == ("GET", "/snapshot"):
            _send(writer, HTTPStatus.OK, *_part_of(await self._exposures.take()))
        elif (method, path) == ("GET", "/truth"):
            _send_json(writer, HTTPStatus.OK, self._truth())
        elif (method, path) == ("POST", "/fault"):
            _send_json(writer, *self._fault(body))
        else:
            known = "GET /stream, GET /snapshot, GET /truth, POST /fault"
            _send_json(writer, HTTPStatus.NOT_FOUND, {"error": f"{method} {path} is not here; {known} are."})

    async def _stream(self, writer: asyncio.StreamWriter) -> None:
        """Pictures until the client goes; one that reads slowly misses pictures and never gets old ones."""
        writer.write(
            b"HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nConnection: close\r\n"
            + f"Content-Type: multipart/x-mixed-replace; boundary={BOUNDARY}\r\n\r\n".encode()
        )
        self._exposures.watch()
        number = 0
        try:
            while True:
                exposure = await self._exposures.after(number)
                if self._faults.active(Fault.CAMERA_GONE):
                    writer.transport.abort()
                    return
                number = exposure.number
                headers, jpeg = _part_of(exposure)
                writer.write(f"--{BOUNDARY}\r\n{headers}\r\n".encode() + jpeg + b"\r\n")
                await writer.drain()
        finally:
            self._exposures.unwatch()

    def _fault(self, body: bytes) -> tuple[HTTPStatus, dict[str, object]]:
        kinds = ", ".join(Fault)
        try:
            asked = json.loads(body)
            fault, seconds = Fault(asked["kind"]), float(asked.get("seconds", DEFAULT_SECONDS))
        except (ValueError, KeyError, TypeError, AttributeError):
            wanted = f'Send {{"kind": KIND, "seconds": NUMBER}} with a kind of: {kinds}.'
            return HTTPStatus.BAD_REQUEST, {"error": wanted, "kinds": list(Fault)}
        self._order_fault(fault, seconds)
        return HTTPStatus.OK, {"kind": fault, "seconds": seconds}


async def _request(reader: asyncio.StreamReader) -> tuple[str, str, bytes]:
    """Method, path without query, and body. Raises ValueError when it is not HTTP."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    method, target, _version = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", "0"))
    if not 0 <= length <= LONGEST_BODY:
        raise ValueError(f"a body of {length} bytes")
    return method, target.partition("?")[0], await reader.readexactly(length)


def _part_of(exposure: Exposure) -> tuple[str, bytes]:
    headers = (
        f"Content-Type: image/jpeg\r\nContent-Length: {len(exposure.jpeg)}\r\n"
        f"X-Timestamp: {exposure.at:.6f}\r\nX-Frame-Counter: {exposure.number}\r\n"
    )
    return headers, exposure.jpeg


def _send_json(writer: asyncio.StreamWriter, status: HTTPStatus, content: dict[str, object]) -> None:
    body = json.dumps(content).encode()
    _send(writer, status, f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n", body)


def _send(writer: asyncio.StreamWriter, status: HTTPStatus, headers: str, body: bytes) -> None:
    writer.write(f"HTTP/1.1 {status.value} {status.phrase}\r\n{headers}Connection: close\r\n\r\n".encode() + body)
