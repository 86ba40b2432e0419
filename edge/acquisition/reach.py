"""Whether a network camera can be reached at all, asked before a process is started to read it.

A camera may be switched off for hours: a look like this costs next to nothing and can be repeated several times
a second, so that the camera is read again soon after it is back.
"""

import asyncio
import os
from urllib.parse import urlsplit

from edge.acquisition.settings import CameraSettings
from quality.evidence import NoEvidence
from quality.saying import saying

PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}

NETWORK = saying("Check the camera's power, its network cable and the host and port in its source")


async def unreachable(settings: CameraSettings) -> NoEvidence | None:
    """Why no connection to the camera can be made; None when one can, or when it is not reached over the network.

    A source that is no address is left to whoever reads it, to say what is wrong with it.
    """
    address = urlsplit(settings.source)
    if address.scheme not in PORTS or not address.hostname:
        return None
    host, port = address.hostname, address.port or PORTS[address.scheme]
    try:
        async with asyncio.timeout(settings.timeout_s):
            transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, host, port)
    except TimeoutError:
        silent = saying(
            "{address} does not answer within {within} s",
            address=f"{host}:{port}",
            within=f"{settings.timeout_s:g}",
        )
        return NoEvidence(settings.name, silent, NETWORK)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)
        unreached = saying("{address} cannot be reached: {why}", address=f"{host}:{port}", why=why)
        return NoEvidence(settings.name, unreached, NETWORK)
    transport.abort()
    return None
