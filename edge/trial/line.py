"""The line that a trial runs: two characteristics, three readings, one camera, two parameters, and the plan.

As small as the real one may be, so that a shift costs seconds, and with every kind of evidence that one has.
"""

from pathlib import Path
from typing import Final

from edge.settings import LineSettings

LINE: Final = "trial"
STATION: Final = "milling-1"
CAMERA: Final = "face"
PLC_HOST, PLC_PORT = "plc", 502
GAUGE_HOST, GAUGE_PORT = "gauge", 502
FACE_PIXELS: Final = 16
"""Width and height of the camera's picture."""
LANE_PLACES: Final = 6
TAKT_S: Final = 30.0
GAUGE_S: Final = 4.0
"""How long a measurement takes."""
CHARACTERISTICS: Final = ("hole_1_x_mm", "hole_1_y_mm")
CRITICAL: Final = "hole_1_x_mm"
"""A part that is suspect in it is released by two people."""
READINGS: Final = ("spindle_a_power_kw", "spindle_b_power_kw", "vibration_a_mm_s")
UNITS: Final = ("kW", "kW", "mm/s")
PHYSICAL: Final = (0.0, 60.0)
"""What the sensors can show, in their units."""
PARAMETERS: Final = ("spindle_a_x_offset_um", "spindle_a_y_offset_um")
LARGEST_OFFSET_UM: Final = 40
LARGEST_STEP_UM: Final = 30
ALONE_WITHIN_UM: Final = 20
DECIDE_WITHIN_S: Final = 300.0
MODELS: Final = (("trial-forecast", "f0" * 32), ("trial-surface", "50" * 32))
"""Name and digest of the forecast and the surface model."""


def line_settings(folder: Path, *, scan_s: float = 0.25) -> LineSettings:
    """LINE.yaml of the trial, its store in that folder. `scan_s` is the time between two looks at the PLC."""
    return LineSettings.model_validate(
        {
            "line": LINE,
            "station": STATION,
            "store": {
                "url": f"sqlite:///{folder / 'trial.db'}",
                "frames": folder / "frames",
                "ledger_key": folder / "ledger.key",
            },
            "plc": {
                "host": PLC_HOST,
                "port": PLC_PORT,
                "scan_ms": 1000 * scan_s,
                "readings": [
                    {"name": name, "address": 32 + 2 * at, "type": "float32", "unit": unit, "range": PHYSICAL}
                    for at, (name, unit) in enumerate(zip(READINGS, UNITS, strict=True))
                ],
                "parameters": [
                    {"name": name, "address": 48 + at, "type": "int16", "unit": "µm", "range": (-500, 500)}
                    for at, name in enumerate(PARAMETERS)
                ],
            },
            "gauge": {"host": GAUGE_HOST, "port": GAUGE_PORT, "timeout_s": 30},
            "cameras": [
                {
                    "name": CAMERA,
                    "kind": "mjpeg",
                    "source": "http://camera/",
                    "width": FACE_PIXELS,
                    "height": FACE_PIXELS,
                    "clock": "camera",
                }
            ],
            "plan": {
                "part": "beam",
                "measure": {"every": 5},
                "forecast": {"review": 0.2, "hold": 0.5},
                "surface": {"review": 0.3, "hold": 0.7},
                "reaction": {"decide_within_s": DECIDE_WITHIN_S},
                "characteristics": [
                    {
                        "name": name,
                        "unit": "mm",
                        "nominal": 0,
                        "lower": -0.18,
                        "upper": 0.18,
                        "critical": name == CRITICAL,
                    }
                    for name in CHARACTERISTICS
                ],
                "parameters": [
                    {
                        "name": name,
                        "unit": "µm",
                        "target": number,
                        "lower": -LARGEST_OFFSET_UM,
                        "upper": LARGEST_OFFSET_UM,
                        "largest_step": LARGEST_STEP_UM,
                        "alone_within": ALONE_WITHIN_UM,
                        "moves": {moved: 0.001},
                    }
                    for number, (name, moved) in enumerate(zip(PARAMETERS, CHARACTERISTICS, strict=True), 1)
                ],
            },
        }
    )
