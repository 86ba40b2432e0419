"""Runs short shifts until a rule is broken: `hunt.py SHIFTS HOURS THICK KIND,...`; answers with what was, or null.

Run as a script, with the packages to be tried first in the path.
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
    shifts, hours, thick = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    only = [FaultKind[name] for name in sys.argv[4].split(",")]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable()
    for seed in range(1, shifts + 1):
        outcome = run_shift(seed, faults_of(seed, hours, thick, only), hours=hours)
        if outcome.violations:
            broken = outcome.violations[0]
            answer = {"invariant": broken.invariant, "sentence": broken.sentence, "seed": seed}
            sys.stdout.write(json.dumps(answer))
            return
    sys.stdout.write("null")


if __name__ == "__main__":
    main()
