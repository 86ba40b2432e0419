"""What has to be known about one camera before it can be asked for a frame."""

import json
from dataclasses import asdict, dataclass
from typing import Literal, Self

Kind = Literal["mjpeg", "rtsp", "v4l2", "folder"]


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """One camera of LINE.yaml.

    `source` is an http(s) address, an rtsp address, a video device or a folder, as `kind` says. `width` and
    `height` are the pixels that every frame must have, `channels` what the model wants (1 gray, 3 BGR).
    `clock` says where a capture time comes from: the camera's own stamp (MJPEG part header `X-Timestamp`, a
    file's modification time) or the arrival of the picture's first byte less `latency_s`, the time from
    exposure to arrival. A camera silent for `timeout_s` is restarted. Raises ValueError for `clock: camera`
    on a kind whose pictures carry no time.
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

    def __post_init__(self) -> None:
        if self.clock == "camera" and self.kind in ("rtsp", "v4l2"):
            raise ValueError(
                f"camera {self.name}: {self.kind} pictures carry no capture time;"
                " set clock: arrival and latency_ms to the camera's delay"
            )

    def to_json(self) -> bytes:
        """For the grabber's standard input, where a password in `source` is seen by nobody else."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """The settings that `to_json` wrote."""
        return cls(**json.loads(text))
