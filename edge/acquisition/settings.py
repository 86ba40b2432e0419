"""What has to be known about one camera before it can be asked for a frame."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal, Self

Kind = Literal["mjpeg", "rtsp", "v4l2", "folder", "genicam"]
Trigger = Literal["free", "hardware"]

STAMPED: tuple[Kind, ...] = ("mjpeg", "folder")
"""Kinds whose pictures carry a capture time."""
COUNTED: tuple[Kind, ...] = ("mjpeg", "genicam")
"""Kinds whose pictures can carry a counter."""

USUAL_LATENCY_S: Mapping[Kind, float] = {"mjpeg": 0.05, "rtsp": 0.25, "v4l2": 0.1, "folder": 0.0, "genicam": 0.05}
"""From exposure to arrival, where nobody has measured it: rather too long, so that no old picture looks new."""

SHORTEST_STALL_S = 0.5
STALL_SHARE = 0.6
GRACE_S = 0.2


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """One camera of LINE.yaml.

    `source` is an http(s) address, an rtsp address, a video device, a folder, or a GenTL producer's file with
    `#` and the camera's serial number or id, as `kind` says. `width` and `height` are the pixels that every
    frame must have, `channels` what the model wants (1 gray, 3 BGR).
    `clock` says where a capture time comes from: the camera's own stamp (MJPEG part header `X-Timestamp`, a
    file's modification time) or the arrival of the picture's first byte less `latency_s`, the time from
    exposure to arrival. A part's picture is waited for `timeout_s`, which has to be longer than a free-running
    camera takes from one picture to the next: one that is silent for most of it is restarted.
    `trigger` is `hardware` for a camera that the machine triggers once for each part and whose pictures carry
    a counter (MJPEG part header `X-Frame-Counter`, GenICam frame id); it may do so `lead_s` before the edge
    process sees the part. Raises ValueError for a clock or a trigger that the kind does not have.
    """

    name: str
    kind: Kind
    source: str
    width: int
    height: int
    channels: Literal[1, 3]
    clock: Literal["camera", "arrival"] = "arrival"
    timeout_s: float = 1.0
    latency_s: float = 0.0
    trigger: Trigger = "free"
    lead_s: float = 0.2

    def __post_init__(self) -> None:
        if self.clock == "camera" and self.kind not in STAMPED:
            raise ValueError(
                f"camera {self.name}: {self.kind} pictures carry no capture time;"
                " set clock: arrival and latency_ms to the camera's delay"
            )
        if self.trigger == "hardware" and self.kind not in COUNTED:
            raise ValueError(
                f"camera {self.name}: {self.kind} pictures carry no counter to match with the cycle;"
                f" let it run free, or use one of the kinds {', '.join(COUNTED)}"
            )

    @property
    def stalled_s(self) -> float:
        """A stream that gives nothing for so long has stalled: its grabber says so and ends."""
        return min(self.timeout_s, max(SHORTEST_STALL_S, STALL_SHARE * self.timeout_s))

    @property
    def silent_s(self) -> float:
        """A grabber without a word for so long hangs and is killed; before, it could say itself what is wrong."""
        return self.stalled_s + GRACE_S

    def to_json(self) -> bytes:
        """For the grabber's standard input, where a password in `source` is seen by nobody else."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """The settings that `to_json` wrote."""
        return cls(**json.loads(text))
