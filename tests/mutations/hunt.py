"""Runs short shifts until a rule is broken: `hunt.py FIRST SHIFTS HOURS THICK KIND,...`.

FIRST is the first shift's seed. Answers with what was broken, or null. Run as a script, with the packages to be
tried first in the path.
"""

import json
import logging
import sys

import structlog

from edge.trial.schedule import Fault, FaultKind, draw
from edge.trial.shift import run_shift


def faults_of(seed: int, hours: float, thick: int, only: list[FaultKind]) -> list[Fault]:
    """`thick` times as many faults of the kinds that matter as an ordinary shift has."""
    drawn = [fault for layer in range(thick) for fault in draw(thick * seed + layer, hours, only)]
    return sorted(drawn, key=lambda fault: (fault.at, fault.kind))


def main() -> None:
    first, shifts, hours, thick = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    only = [FaultKind[name] for name in sys.argv[5].split(",")]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable()
    for seed in range(first, first + shifts):
        outcome = run_shift(seed, faults_of(seed, hours, thick, only), hours=hours)
        if outcome.violations:
            broken = outcome.violations[0]
            answer = {"invariant": broken.invariant, "sentence": broken.sentence, "seed": seed}
            sys.stdout.write(json.dumps(answer))
            return
    sys.stdout.write("null")


if __name__ == "__main__":
    main()
