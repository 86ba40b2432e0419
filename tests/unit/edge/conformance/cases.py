"""The wrong PLCs and broken reference blocks, each with the check that must notice."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.unit.edge.conformance import wrong
from tests.unit.edge.conformance.served import Plc


@dataclass(frozen=True)
class Wrong:
    """A PLC, the checks that must fail and no others, and what the sheet says of the first of them."""

    plc: Callable[[], Plc]
    fails: tuple[str, ...]
    seen: str
    mend: str


PLCS = (
    Wrong(wrong.WordsSwapped, ("1.5",), "two words of a 32-bit value are swapped", "set plc.word_order: little"),
    Wrong(wrong.BytesSwapped, ("1.3", "1.5"), "two bytes of each register are swapped", "exchange the bytes"),
    Wrong(
        wrong.FalseEcho, ("1.8",), "the reply confirms 00 c9 00 01, a write of 1 at 200", "nothing but the device"
    ),
    Wrong(wrong.Beaten, ("1.7",), "somebody else writes the edge heartbeat", "stop the edge"),
    Wrong(wrong.FrozenHeartbeat, ("2.1",), "the PLC heartbeat stood at 7 for 2 s", "every 200 ms"),
    Wrong(wrong.Stopped, ("2.3",), "the line is stopped", "let the line run"),
    Wrong(wrong.Silent, ("3.1", "5.1"), "was not answered within 2 s", "let the program answer each"),
    Wrong(wrong.NoSequence, ("3.3",), "was answered 1 (accepted), and cycle 1 went through", "both words"),
    Wrong(wrong.HalfSequence, ("3.3",), "(65537 for 1) was answered 1 (accepted), and cycle 1 went", "both words"),
    Wrong(wrong.NoSerial, ("3.4",), "was answered 1 (accepted), and cycle 1 went through", "all eight words"),
    Wrong(
        wrong.HalfSerial, ("3.4",), "(word 7 differs) was answered 1 (accepted), and cycle 1", "all eight words"
    ),
    Wrong(wrong.Gullible, ("3.5", "5.5"), "was answered 1 (accepted), and cycle 1 went through", "check word"),
    Wrong(wrong.Skips, ("3.9",), "the cycle sequence went on to 4", "exactly 1"),
    Wrong(wrong.OpenBehind, ("3.11",), "went through the gate without a verdict", "forget the permission"),
    Wrong(wrong.ObeysAnew, ("3.12",), "changed the answer to cycle 2", "each time its words 1 to 13 change"),
    Wrong(wrong.NoWatchdog, ("4.1",), "the watchdog bit was not set 2.25 s after", "trip the watchdog"),
    Wrong(wrong.LateWatchdog, ("4.1",), "the watchdog bit was not set 2.25 s after", "trip the watchdog"),
    Wrong(wrong.HastyWatchdog, ("4.1",), " s after the last change of the edge heartbeat", "trip it after 2 s"),
    Wrong(wrong.OpensUnderTrip, ("4.3",), "while the watchdog had tripped: cycle 3 went through", "whatever is"),
    Wrong(wrong.Twice, ("5.7",), "was carried out twice: the line was stopped", "remember the sequence"),
    Wrong(wrong.KeepsOldParameter, ("5.8",), "was set to 1 and read 0 after the answer", "value in force"),
    Wrong(wrong.ForgetsTheSwitch, ("5.11",), "entered the stopped line", "no part enter"),
    Wrong(wrong.ReleasesUnderTrip, ("5.12",), "went through the gate", "until the heartbeat changes again"),
    Wrong(
        wrong.SerialRaces, ("6.1",), "were read half told: cycle sequence 2 came while", "write the serial, then"
    ),
    Wrong(wrong.AnswerRaces, ("6.2",), "while verdict answer still read 19", "write the verdict answer first"),
    Wrong(wrong.ResultRaces, ("6.3",), "while order result still read", "write the order result first"),
    Wrong(wrong.Restarts, ("7.1",), "the boot count went from 1 to", "find out why"),
    Wrong(
        wrong.HoldForgotten, ("8.6", "8.10"), "left the station (the counter reads", "open the gate for one part"
    ),
    Wrong(wrong.CoilsUnwatched, ("8.8",), "2.25 s after the last heartbeat", "under a living heartbeat"),
    Wrong(wrong.CoilsSilent, ("8.5",), "(acknowledged) still reads 0 after 2 s", "set acknowledged"),
)
RIGHT = (wrong.Program, wrong.Coils)
LEFT_ALONE = wrong.LeftAlone

BROKEN = (
    ("Crc := Crc XOR 16#A001", "Crc := Crc XOR 16#8005", "3.1"),
    (" <> Command[13]", " = 16#10000", "3.5"),
    ("ELSIF Present AND Named = Sequence AND JD_SameSerial", "ELSIF Present AND JD_SameSerial", "3.3"),
    ("FOR I := 0 TO 7 DO\n    IF One[I] <> Other[I]", "FOR I := 0 TO 6 DO\n    IF One[I] <> Other[I]", "3.4"),
    ("    Permitted := FALSE;\n", "", "3.11"),
    ("NOT Watchdog.Q AND ((Present", "((Present", "4.3"),
    ("ELSIF Named < AnsweredOrder THEN", "ELSIF FALSE THEN", "5.6"),
    ("ELSIF Named > AnsweredOrder AND", "ELSIF Named >= AnsweredOrder AND", "5.7"),
    ("(Watchdog.Q OR ReleasePlace > 0)", "(ReleasePlace > 0)", "5.12"),
    ("NOT Stopped AND Held < 10", "Held < 10", "5.11"),
)
"""A line of the block, what it is changed to, and the check that must notice."""
