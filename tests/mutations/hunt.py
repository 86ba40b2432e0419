"""Runs short shifts until a rule is broken: `hunt.py SHIFTS HOURS KIND,...`; answers with what was, or null.

Run as a script, with the packages to be tried first in the path.
"""

import json
import logging
import sys

import structlog

from edge.trial.schedule import Fault, FaultKind, draw
from edge.trial.shift import run_shift

THICKER = 4
"""So many times as many faults of the kinds that matter as an ordinary shift has."""


def faults_of(seed: int, hours: float, only: list[FaultKind]) -> list[Fault]:
    drawn = [fault for layer in range(THICKER) for fault in draw(THICKER * seed + layer, hours, only)]
    return sorted(drawn, key=lambda fault: (fault.at, fault.kind))


def main() -> None:
    shifts, hours = int(sys.argv[1]), float(sys.argv[2])
    only = [FaultKind[name] for name in sys.argv[3].split(",")]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable()
    for seed in range(1, shifts + 1):
        outcome = run_shift(seed, faults_of(seed, hours, only), hours=hours)
        if outcome.violations:
            broken = outcome.violations[0]
            answer = {"invariant": broken.invariant, "sentence": broken.sentence, "seed": seed}
            sys.stdout.write(json.dumps(answer))
            return
    sys.stdout.write("null")


if __name__ == "__main__":
    main()
