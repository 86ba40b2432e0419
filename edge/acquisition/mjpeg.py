"""An HTTP camera that sends JPEGs one after another (multipart/x-mixed-replace).

The parts are cut exactly where the camera says they end, and kept byte for byte; a stream that cannot be
cut is an error and never a guess.
"""

import base64
import select
import socket
import ssl
import time
from collections.abc import Generator, Iterator
from email.message import Message
from urllib.parse import unquote, urlsplit

from edge.acquisition.settings import CameraSettings
from edge.acquisition.wire import (
    LARGEST_PICTURE,
    Captured,
    SourceError,
    captured_at_epoch,
    captured_at_monotonic,
)
from quality.saying import saying

LONGEST_HEADERS = 16_384
RECEIVE_BYTES = 262_144
ALIVE_EVERY_S = 0.1
"""While a triggered camera has nothing to send."""
PROBE_AFTER_S = 1
"""A camera that sends nothing and answers no probe of the network for so long, twice, is gone."""
WAIT_STEP_S = 0.02
"""The most by which an arrival can be taken for later than it was."""
LARGEST_COUNTER = 2**63 - 1
HTTP_OK = 200
HTTP_UNAUTHORIZED = 401

NETWORK = saying("Check the camera's power, its network cable and the host and port in its source")
STREAM = saying("Check that the source is the camera's multipart MJPEG stream")


class StalledError(SourceError):
    """Nothing came for as long as was allowed."""


class ByteStream:
    """Bytes from a socket, read exactly; nothing waits beyond the deadline that `allow` last set."""

    def __init__(self, connection: socket.socket) -> None:
        self.arrived = time.monotonic()
        """When the newest byte in the buffer arrived, or the earliest it can have (monotonic seconds).

        What had to be waited for arrived when it came. What was there already may have waited for us while this
        process got no CPU, since the connection was last found empty: so long it is taken to be old.
        """
        self._connection = connection
        self._connection.setblocking(False)
        self._found_empty = self.arrived
        self._buffer = bytearray()
        self._allowed_s = 0.0
        self._deadline = self.arrived

    def allow(self, seconds: float) -> None:
        """Gives whatever is read next this long."""
        self._allowed_s = seconds
        self._deadline = time.monotonic() + seconds

    def line(self) -> bytes:
        """The next line without its line break."""
        return self._until(b"\n", LONGEST_HEADERS).rstrip(b"\r")

    def headers(self) -> Message:
        """Header fields up to the empty line."""
        fields = Message()
        length = 0
        while line := self.line():
            length += len(line)
            name, colon, value = line.decode("latin-1").partition(":")
            if length > LONGEST_HEADERS:
                raise SourceError(
                    saying("the stream has headers beyond {longest} bytes", longest=LONGEST_HEADERS), STREAM
                )
            if not colon:
                raise SourceError(
                    saying("the stream has a header that is none: {line}", line=f"{line[:60]!r}"), STREAM
                )
            fields[name.strip()] = value.strip()
        return fields

    def await_byte(self) -> None:
        """Returns once there is something to read."""
        if not self._buffer:
            self._receive()

    def quiet(self, seconds: float) -> bool:
        """True when there was nothing to read for that long."""
        self.allow(seconds)
        try:
            self.await_byte()
        except StalledError:
            return True
        return False

    def exactly(self, length: int) -> bytes:
        """That many bytes; what is not buffered yet is received where it will stay."""
        body = bytearray(length)
        filled = min(length, len(self._buffer))
        body[:filled] = self._buffer[:filled]
        del self._buffer[:filled]
        view = memoryview(body)
        while filled < length:
            filled += self._receive_into(view[filled:])
        return bytes(body)

    def picture_until(self, delimiter: bytes) -> bytes:
        """A picture whose length the camera did not send; the delimiter stays in the stream."""
        picture = self._until(delimiter, LARGEST_PICTURE)
        self._buffer[:0] = delimiter
        return picture

    def _until(self, delimiter: bytes, longest: int) -> bytes:
        searched = 0
        while (at := self._buffer.find(delimiter, searched)) < 0:
            searched = max(0, len(self._buffer) - len(delimiter) + 1)
            if searched > longest:
                raise SourceError(
                    saying(
                        "no {delimiter} within {longest} bytes of the stream",
                        delimiter=f"{delimiter[:40]!r}",
                        longest=longest,
                    ),
                    STREAM,
                )
            self._receive()
        found = bytes(self._buffer[:at])
        del self._buffer[: at + len(delimiter)]
        return found

    def _receive(self) -> None:
        block = bytearray(RECEIVE_BYTES)
        received = self._receive_into(memoryview(block))
        self._buffer += memoryview(block)[:received]

    def _receive_into(self, target: memoryview) -> int:
        self.arrived = self._found_empty
        try:
            while (received := self._receive_now(target)) is None:
                self._wait()
        except OSError as error:
            raise SourceError(
                saying("the stream broke: {why}", why=error.strerror or str(error)), NETWORK
            ) from error
        if received == 0:
            raise SourceError(saying("the camera ended the stream"), NETWORK)
        return received

    def _receive_now(self, target: memoryview) -> int | None:
        try:
            return self._connection.recv_into(target)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None

    def _wait(self) -> None:
        """Waits in short steps: one that takes longer than it may means that this process stood still."""
        ready = False
        while not ready:
            self._found_empty = time.monotonic()
            if self._found_empty >= self._deadline:
                raise self._too_late()
            ready = bool(select.select([self._connection], [], [], WAIT_STEP_S)[0])
        now = time.monotonic()
        self.arrived = now if now - self._found_empty <= WAIT_STEP_S else self._found_empty

    def _too_late(self) -> StalledError:
        return StalledError(
            saying("the stream stands still: no whole picture within {within} s", within=f"{self._allowed_s:g}"),
            NETWORK,
        )


def pictures(settings: CameraSettings) -> Generator[tuple[Captured, bytes] | None, None, None]:
    """Every picture of the stream with its capture time, as long as the camera sends.

    Of a triggered camera also None while it has nothing to send. Raises SourceError when the camera refuses,
    stands still for `stalled_s`, ends the stream or sends one that cannot be cut.
    """
    with _connect(settings) as connection:
        stream = ByteStream(connection)
        stream.allow(settings.stalled_s)
        boundary = _boundary(stream)
        while True:
            yield from _pass_boundary(settings, stream, boundary)
            # Counted from after the boundary: many servers send it together with the picture before.
            yield from _rest(settings, stream)
            stream.await_byte()
            arrived = stream.arrived
            fields = stream.headers()
            picture = _body(stream, fields, boundary)
            yield _captured(settings, fields, arrived), picture


def _rest(settings: CameraSettings, stream: ByteStream) -> Iterator[None]:
    """Between two pictures a triggered camera may rest; what begins to come has to come to its end."""
    if settings.trigger == "hardware":
        while stream.quiet(ALIVE_EVERY_S):
            yield None
    stream.allow(settings.stalled_s)


def _connect(settings: CameraSettings) -> socket.socket:
    address = urlsplit(settings.source)
    secure = address.scheme == "https"
    if address.scheme not in ("http", "https") or not address.hostname:
        raise SourceError(
            saying("its source is no http address"), saying("Write it as http://HOST:PORT/PATH in LINE.yaml")
        )
    host = address.hostname
    port = address.port or (443 if secure else 80)
    target = (address.path or "/") + (f"?{address.query}" if address.query else "")
    # HTTP/1.0, so that the server has no reason to send the stream in chunks.
    request = f"GET {target} HTTP/1.0\r\nHost: {host}:{port}\r\nAccept: multipart/x-mixed-replace\r\n"
    if address.username is not None:
        account = f"{unquote(address.username)}:{unquote(address.password or '')}"
        request += f"Authorization: Basic {base64.b64encode(account.encode()).decode()}\r\n"
    try:
        connection = socket.create_connection((host, port), settings.timeout_s)
        _probe_when_quiet(connection)
        if secure:
            connection = ssl.create_default_context().wrap_socket(connection, server_hostname=host)
        connection.sendall(f"{request}\r\n".encode())
    except OSError as error:
        raise SourceError(
            saying(
                "{host}:{port} cannot be reached: {why}", host=host, port=port, why=error.strerror or str(error)
            ),
            NETWORK,
        ) from error
    return connection


def _probe_when_quiet(connection: socket.socket) -> None:
    """Lets the kernel ask a resting camera's network whether it is there, so that a pulled cable is noticed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, PROBE_AFTER_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, PROBE_AFTER_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 1)


def _boundary(stream: ByteStream) -> bytes:
    status = stream.line().split(b" ", 2)
    if len(status) < 2 or not status[0].startswith(b"HTTP/") or not status[1].isdigit():  # noqa: PLR2004 - version and code
        raise SourceError(saying("what answers is no HTTP server"), STREAM)
    code = int(status[1])
    if code == HTTP_UNAUTHORIZED:
        raise SourceError(
            saying("the camera refuses the sign-in"),
            saying(
                "Put user and password into its source (http://USER:PASSWORD@HOST/PATH) and let it accept Basic"
            ),
        )
    if code != HTTP_OK:
        raise SourceError(
            saying("the camera answers HTTP {code}", code=code), saying("Check the path in its source")
        )
    fields = stream.headers()
    if fields.get_content_type() != "multipart/x-mixed-replace" or "Transfer-Encoding" in fields:
        raise SourceError(
            saying("the camera sends {kind}, no plain multipart stream", kind=fields.get_content_type()), STREAM
        )
    boundary = fields.get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise SourceError(saying("the stream names no boundary"), STREAM)
    return b"--" + boundary.removeprefix("--").encode("latin-1")


def _pass_boundary(settings: CameraSettings, stream: ByteStream, boundary: bytes) -> Iterator[None]:
    yield from _rest(settings, stream)
    line = stream.line()
    if not line:
        # The end of the line that the picture before stands on; the boundary may come much later.
        yield from _rest(settings, stream)
        line = stream.line()
    if line.rstrip() != boundary:
        raise SourceError(saying("a boundary was due and {line} came", line=f"{line[:60]!r}"), STREAM)


def _body(stream: ByteStream, fields: Message, boundary: bytes) -> bytes:
    declared = fields["Content-Length"]
    if declared is None:
        return stream.picture_until(b"\r\n" + boundary)
    if not declared.isdigit() or not 0 < int(declared) <= LARGEST_PICTURE:
        raise SourceError(saying("a picture claims to have {declared} bytes", declared=declared), STREAM)
    return stream.exactly(int(declared))


def _captured(settings: CameraSettings, fields: Message, arrived: float) -> Captured:
    counter = _counter(fields) if settings.trigger == "hardware" else None
    if settings.clock == "arrival":
        return captured_at_monotonic(arrived - settings.latency_s, counter)
    try:
        return captured_at_epoch(float(fields["X-Timestamp"]), counter)
    except (TypeError, ValueError) as error:
        raise SourceError(
            saying("its pictures carry no X-Timestamp in seconds since 1970"),
            saying("Let the camera send it, or set clock: arrival in LINE.yaml"),
        ) from error


def _counter(fields: Message) -> int:
    counter = fields["X-Frame-Counter"]
    if counter is None or not counter.isdecimal() or int(counter) > LARGEST_COUNTER:
        raise SourceError(
            saying("its pictures carry no X-Frame-Counter"),
            saying("Let the camera count its exposures there, or set trigger: free in LINE.yaml"),
        )
    return int(counter)
