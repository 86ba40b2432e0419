"""The regime a line is in, from what was measured of its parts: does it make them well just now, or badly?

A hidden Markov model with two states, and its forward filter, which a part that was not measured passes through
unchanged but for the time that went by: L. R. Rabiner, "A Tutorial on Hidden Markov Models and Selected
Applications in Speech Recognition", Proceedings of the IEEE 77 (2), 1989, equations 19 and 20.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Regime:
    """What is known of lines in general, as probabilities per part.

    `bad_when_good` and `bad_when_bad` of a part being nonconforming in each regime; `usually_bad` of the bad
    regime when nothing is known; `change` of a part coming after a change of regime, which then is drawn anew from
    `usually_bad`; `cue` is how many times likelier a change is when something happened to the line, at most
    `most_change`. `bad_when_bad` and `cue` are the likeliest on the older parts of a real line; the others were
    set on made-up lines, whose runs of nonconforming parts are 4 to 25 parts long and 25 to 100 parts apart.
    Results hardly move when any of these numbers is halved or doubled.
    """

    bad_when_good: float = 0.01
    bad_when_bad: float = 0.6
    usually_bad: float = 0.2
    change: float = 0.1
    cue: float = 8.0
    most_change: float = 0.6

    def ahead(self, belief: float, *, cue: bool) -> float:
        """The probability of the bad regime at the next part, from `belief`, that at the part before it."""
        change = min(self.most_change, self.change * (self.cue if cue else 1.0))
        return (1 - change) * belief + change * self.usually_bad

    def risk(self, belief: float, ratio: float = 1.0) -> float:
        """The probability that a part is nonconforming, with `belief` the probability of the bad regime at it.

        `ratio` is how many times likelier its readings are on a nonconforming part than on a conforming one.
        """
        good, bad = self._rates(ratio)
        return (1 - belief) * good + belief * bad

    def learned(self, belief: float, *, nonconforming: bool, ratio: float = 1.0) -> float:
        """The probability of the bad regime at a part, once it was measured (Bayes' rule).

        What its readings explain says the less about the regime.
        """
        good, bad = self._rates(ratio)
        if not nonconforming:
            good, bad = 1 - good, 1 - bad
        return belief * bad / (belief * bad + (1 - belief) * good)

    def _rates(self, ratio: float) -> tuple[float, float]:
        """The probability of a nonconforming part in the good and in the bad regime, given its readings."""
        good, bad = (rate * ratio / (rate * ratio + 1 - rate) for rate in (self.bad_when_good, self.bad_when_bad))
        return good, bad
