"""How old the frame of a part is when it is ready to be judged, beside the newest picture there is then.

    python -m bench.frame_age [--seconds 8] [--json]

The simulated line's camera runs at 15 pictures/s; parts come at 1, 3 and 10 a second. A camera that is read only
when a part comes would give pictures that get older with every part; here the ratio stays near 1.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import uvloop

from edge.acquisition.camera import Camera
from edge.acquisition.settings import CameraSettings
from quality.evidence import Frame

RATES = (1.0, 3.0, 10.0)


async def ages(port: int, rate: float, seconds: float) -> dict[str, float]:
    """Median ages in milliseconds at that part rate."""
    settings = CameraSettings("face", "mjpeg", f"http://127.0.0.1:{port}/stream", 1280, 1024, 1, clock="camera")
    ours, newest = [], []
    with ThreadPoolExecutor(max_workers=1) as vision:
        camera = Camera(settings, vision)
        await camera.start()
        await asyncio.sleep(2)
        for _ in range(int(seconds * rate)):
            begin = time.monotonic()
            frame = await camera.frame_after(begin)
            if isinstance(frame, Frame):
                now = time.time()
                ours.append(now - frame.captured_at.timestamp())
                newest.append(now - camera._kept[-1].captured.epoch)  # noqa: SLF001 - what it could have had
            await asyncio.sleep(max(0.0, begin + 1 / rate - time.monotonic()))
        await camera.close()
    median, beside = (1000 * float(np.median(found)) for found in (ours, newest))
    return {"age_ms": round(median, 1), "newest_ms": round(beside, 1), "ratio": round(median / beside, 3)}


def main() -> None:
    """Prints a line for each rate, or with --json one object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    line = subprocess.Popen([sys.executable, "-m", "edge.simulator"], stdout=subprocess.PIPE, text=True)
    assert line.stdout is not None
    try:
        port = json.loads(line.stdout.readline())["camera_port"]
        found = {f"{rate:g} parts/s": uvloop.run(ages(port, rate, options.seconds)) for rate in RATES}
    finally:
        line.terminate()
        line.wait()
        line.stdout.close()
    if options.json:
        print(json.dumps(found, indent=2))
        return
    for rate, answer in found.items():
        print(rate, answer)


if __name__ == "__main__":
    main()
