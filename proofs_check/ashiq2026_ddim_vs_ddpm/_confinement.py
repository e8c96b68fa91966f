"""P(|B_s| <= R for all s <= T) for a Brownian motion from 0, by two series, in ball arithmetic.

Notation: ratio = T/R^2.
"""

from flint import arb

from theorylab.claims import ball, hull


def reflection(ratio: arb) -> arb:
    """The series of the reflection principle, with the first term left out as its error."""
    total, k = arb(1), 0
    while True:
        term = 2 * ((2 * k + 1) / (2 * ratio).sqrt()).erfc()
        if not term > ball("1e-45"):
            return total + hull(-1, 1) * abs(term)
        total, k = total - (-1) ** k * term, k + 1


def modes(ratio: arb) -> arb:
    """The series of eigenfunctions, with the first term left out as its error."""
    x, total, k = arb.pi() ** 2 * ratio / 8, arb(0), 0
    while True:
        odd = 2 * k + 1
        term = 4 / arb.pi() * (-(odd**2) * x).exp() / odd
        if not term > ball("1e-45"):
            return total + hull(-1, 1) * abs(term)
        total, k = total + (-1) ** k * term, k + 1
