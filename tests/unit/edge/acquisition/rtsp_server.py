"""A real RTSP camera for the tests: H.264 over gst-rtsp-server, each picture with its moment drawn into it.

Run by Debian's Python, which has the bindings: `/usr/bin/python3 rtsp_server.py PORT`. Prints its port, chosen
for 0, once it listens. The moment is that of the machine's monotonic clock in milliseconds, as 32 black or white
squares.
"""

import sys
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402 - the versions come first

WIDTH, HEIGHT, SQUARE, PICTURES_PER_S = 320, 240, 16, 25
SQUARES_A_ROW = 16

LAUNCH = (
    "( appsrc name=source is-live=true format=time do-timestamp=true"
    f" caps=video/x-raw,format=I420,width={WIDTH},height={HEIGHT},framerate={PICTURES_PER_S}/1"
    " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=10 bitrate=2000"
    " ! rtph264pay name=pay0 pt=96 config-interval=1 )"
)


def picture(moment: int) -> bytes:
    """I420: a ramp that moves with time, and the moment in two rows of squares."""
    ramp = bytes((at // 2 + moment // 20) % 200 + 20 for at in range(WIDTH))
    rows = [
        b"".join((b"\xeb" if moment >> (first + bit) & 1 else b"\x10") * SQUARE for bit in range(SQUARES_A_ROW))
        + ramp[SQUARE * SQUARES_A_ROW :]
        for first in (0, SQUARES_A_ROW)
    ]
    luma = rows[0] * SQUARE + rows[1] * SQUARE + ramp * (HEIGHT - 2 * SQUARE)
    return luma + b"\x80" * (WIDTH * HEIGHT // 2)


def feed(source: Gst.Element) -> bool:
    """Pushes the picture of this moment; the timer ends when nobody watches any more."""
    pushed = source.emit("push-buffer", Gst.Buffer.new_wrapped(picture(int(time.monotonic() * 1000))))
    return pushed == Gst.FlowReturn.OK


def begin(_factory: GstRtspServer.RTSPMediaFactory, media: GstRtspServer.RTSPMedia) -> None:
    """Somebody watches."""
    source = media.get_element().get_by_name("source")
    GLib.timeout_add(1000 // PICTURES_PER_S, feed, source)


def main() -> None:
    """Serves rtsp://127.0.0.1:PORT/face until killed."""
    Gst.init(None)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(LAUNCH)
    factory.set_shared(True)
    factory.connect("media-configure", begin)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(sys.argv[1])
    server.get_mount_points().add_factory("/face", factory)
    server.attach(None)
    print(server.get_bound_port(), flush=True)  # noqa: T201 - for the test
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
