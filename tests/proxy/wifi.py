"""A bad Wi-Fi between one tablet and the review station, drawn from a seed.

It carries TCP, and now and then does to what it carries what a shop floor's network does: delivers late, when
nobody waits any more; delivers the request and swallows the answer; cuts an answer in the middle; resets; goes
silent. What carries a decision is hit more often than the rest.
"""

import asyncio
import threading
from collections import Counter
from random import Random

DECISION = b"PUT /api/v1/decisions/"
LATE_S = (0.05, 1.5)
PAST_PATIENCE_S = (6.5, 12.0)
"""Longer than a tablet waits for an answer."""
REQUEST_FAULTS = ("late", "past patience", "swallowed", "reset", "cut")
ANSWER_FAULTS = ("late", "swallowed", "reset", "cut")


class BadWifi:
    """Listens on a port of its own. `share` of the pieces is hit, and `of_decisions` of those that carry one."""

    def __init__(self, server_port: int, seed: int, share: float = 0.03, of_decisions: float = 0.4) -> None:
        self._server_port = server_port
        self._chance = Random(seed)
        self.share = share
        self.of_decisions = of_decisions
        self.outage: str | None = None
        """`reset` or `silent`, while there is one."""
        self.faults: Counter[str] = Counter()
        self.carried = 0
        """Bytes towards the tablet."""
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._links: set[_Link] = set()
        self._thread = threading.Thread(target=self._run, name="wifi", daemon=True)
        self._listens = threading.Event()

    def start(self) -> None:
        """Returns when it listens on `port`."""
        self._thread.start()
        self._listens.wait(10)

    def stop(self) -> None:
        """Ends every connection and the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def heal(self) -> None:
        """From now on it is a good network; what is held back still comes."""
        self.share = self.of_decisions = 0.0
        self.outage = None
        self._loop.call_soon_threadsafe(self._drop_all)

    def fail(self, how: str) -> None:
        """Begins an outage: `reset` ends every connection, `silent` carries nothing and says nothing."""
        self.outage = how
        if how == "reset":
            self._loop.call_soon_threadsafe(self._drop_all)

    def recover(self) -> None:
        """Ends the outage; a connection that was silent stays so."""
        self.outage = None

    def fate(self, piece: bytes, *, decision: bool, asked: bool) -> str:
        """What becomes of a piece; `pass` mostly."""
        share = self.of_decisions if decision else self.share
        if not piece or self._chance.random() >= share:
            return "pass"
        fault = self._chance.choice(REQUEST_FAULTS if asked else ANSWER_FAULTS)
        self.faults[f"{'request' if asked else 'answer'} {fault}{', a decision' if decision else ''}"] += 1
        return fault

    def between(self, bounds: tuple[float, float]) -> float:
        """Seconds by chance."""
        return self._chance.uniform(*bounds)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = int(server.sockets[0].getsockname()[1])
        self._listens.set()
        self._loop.run_forever()
        server.close()
        self._drop_all()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    def _drop_all(self) -> None:
        for link in tuple(self._links):
            link.drop()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.outage == "reset":
            writer.transport.abort()
            return
        try:
            answers, asked = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(self, writer, asked)
        self._links.add(link)
        try:
            await asyncio.gather(link.requests(reader), link.answers(answers))
        finally:
            link.drop()
            self._links.discard(link)


class _Link:
    """One connection, as long as it lasts; once silent it stays so."""

    def __init__(self, wifi: BadWifi, tablet: asyncio.StreamWriter, station: asyncio.StreamWriter) -> None:
        self._wifi = wifi
        self._tablet = tablet
        self._station = station
        self._silent = False
        self._decision = False

    def drop(self) -> None:
        """Ends it without a word."""
        self._tablet.transport.abort()
        self._station.transport.abort()

    async def requests(self, reader: asyncio.StreamReader) -> None:
        """Carries what the tablet says."""
        while piece := await _read(reader):
            self._decision = self._decision or piece.startswith(DECISION)
            fate = self._fate(piece, asked=True)
            if fate == "past patience":
                # It arrives, when the tablet has long given up and sent it again.
                self._silent = True
                await asyncio.sleep(self._wifi.between(PAST_PATIENCE_S))
                self._station.write(piece)
            else:
                await self._pass_on(piece, self._station, fate)
        if not self._silent:
            self._station.close()

    async def answers(self, reader: asyncio.StreamReader) -> None:
        """Carries what the station says."""
        while piece := await _read(reader):
            fate = self._fate(piece, asked=False)
            self._decision = False
            if fate == "pass":
                self._wifi.carried += len(piece)
            await self._pass_on(piece, self._tablet, fate)
        if not self._silent:
            self._tablet.close()

    def _fate(self, piece: bytes, *, asked: bool) -> str:
        self._silent = self._silent or self._wifi.outage == "silent"
        return "swallowed" if self._silent else self._wifi.fate(piece, decision=self._decision, asked=asked)

    async def _pass_on(self, piece: bytes, to: asyncio.StreamWriter, fate: str) -> None:
        match fate:
            case "swallowed":
                self._silent = True
                return
            case "reset":
                self.drop()
                return
            case "late":
                await asyncio.sleep(self._wifi.between(LATE_S))
            case "cut":
                piece = piece[: len(piece) // 2]
        if not to.is_closing():
            to.write(piece)
        if fate == "cut":
            to.close()


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read(65536)
    except ConnectionError:
        return b""
