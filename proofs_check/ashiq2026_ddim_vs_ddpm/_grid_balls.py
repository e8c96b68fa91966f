"""The paper's 25-mode grid and its linear schedule in ball arithmetic.

Notation: lengths are in units of ell, the distance of two neighbouring modes; sigma = ell / 100;
v = (1 - abar)/abar; s^2 = sigma^2 + v at a raw index, and raw index -1 is the data (v = 0).
"""

from flint import arb

from theorylab.claims import ball


def noise_to_signal(raw: int, beta_max: str = "0.02", steps: int = 1000) -> arb:
    """v / ell^2 at a raw index of the linear schedule from 0.0001 to `beta_max`."""
    low, high = ball("0.0001"), ball(beta_max)
    kept = ball(1)
    for step in range(raw + 1):
        kept *= 1 - (low + (high - low) * step / (steps - 1))
    return (1 - kept) / kept / squared_separation()


def squared_separation(deviation: str = "0.02") -> arb:
    """ell^2 after normalisation: 4 over (mean squared norm of the modes + 2 sigma^2) / 2."""
    return ball(4) / ((ball(16) + 2 * ball(deviation) ** 2) / 2)


def effective_deviation(raw: int, beta_max: str = "0.02") -> arb:
    """s / ell at a raw index; 1/100 at raw index -1."""
    return (ball("0.0001") + noise_to_signal(raw, beta_max)).sqrt()
