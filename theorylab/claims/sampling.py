r"""Evidence by sampling: counts and samples, with both error rates and the reach stated.

Notation: k successes in n independent draws; `false_alarm` bounds the probability of rejecting a
true statement, `miss` that of accepting one that is false by `reach`. Both are exact binomial
tails or the Dvoretzky-Kiefer-Wolfowitz bound with Massart's constant.

Each maker first asks whether n draws can see a violation of the stated size; if not, the verdict
is UNDECIDED whatever was drawn. Error rates below 1e-15 are refused, because the tails are
computed in float64. Draws must be independent; nothing here can see whether they are.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats

from theorylab.claims.evidence import as_array
from theorylab.claims.finding import Evidence, Finding, Verdict, undecided

SMALLEST_ERROR_RATE = 1e-15
OUTWARD = 1 - 1e-3
"""Quantiles are taken at this share of a level: the inverse tails are good to 2.6e-4 of it."""


def clopper_pearson(k: int, n: int, *, alpha: float) -> tuple[float, float]:
    """The exact two-sided binomial interval of level 1 - alpha; takes alpha, never 1 - alpha.

    Raises:
        ValueError: counts that are none, or alpha outside [1e-15, 0.5).
    """
    k, n = _require_counts(k, n)
    _require_error_rates(alpha)
    tail = alpha / 2 * OUTWARD
    low = float(stats.beta.ppf(tail, k, n - k + 1)) if k > 0 else 0.0
    high = float(stats.beta.isf(tail, k + 1, n - k)) if k < n else 1.0
    return low, high


def rate_at_most(
    k: int, n: int, bound: float, *, reach: float, false_alarm: float, miss: float
) -> Finding:
    """SAMPLED: the rate behind k of n is <= bound; sees a rate of bound * (1 + reach).

    Raises:
        ValueError: counts, error rates or a reach that are none, a bound outside [0, 1].
    """
    k, n = _require_counts(k, n)
    _require_error_rates(false_alarm, miss)
    _require_rate("bound", bound)
    _require_reach(reach)
    seen = f"a rate {100 * reach:.4g} % above {bound:.4g}"
    if bound == 0 or bound * (1 + reach) > 1:
        return undecided(Evidence.SAMPLED, f"no power: {seen} cannot be seen or cannot be")
    critical = _largest_allowed(n, bound, false_alarm)
    missed = float(stats.binom.cdf(critical, n, bound * (1 + reach)))
    if not missed <= miss:
        return _too_few(n, missed, miss, seen)
    verdict = Verdict.HOLDS if k <= critical else Verdict.FAILS
    detail = f"{k} of {n} = {k / n:.4g}; rejected above {critical}"
    margin = (critical + 0.5 - k) / (critical + 0.5)
    return Finding(verdict, Evidence.SAMPLED, margin, detail, false_alarm, miss, seen)


def rate_equals(
    k: int, n: int, rate: float, *, reach: float, false_alarm: float, miss: float
) -> Finding:
    """SAMPLED: the rate behind k of n is `rate`; sees rate * (1 +- reach) where that is a rate.

    Raises:
        ValueError: counts, error rates or a reach that are none, a rate outside [0, 1].
    """
    return rate_between(k, n, (rate, rate), reach=reach, false_alarm=false_alarm, miss=miss)


def rate_between(
    k: int,
    n: int,
    bracket: tuple[float, float],
    *,
    reach: float,
    false_alarm: float,
    miss: float,
) -> Finding:
    """SAMPLED: the rate behind k of n lies in the bracket [low, high], wherever it lies.

    Sees low * (1 - reach) and high * (1 + reach), where these are rates.

    Raises:
        ValueError: counts, error rates or a reach that are none, a bracket that is not ordered or
            not in [0, 1].
    """
    k, n = _require_counts(k, n)
    _require_error_rates(false_alarm, miss)
    least, most = (_require_rate("rate", rate) for rate in bracket)
    _require_reach(reach)
    if least > most:
        msg = f"bracket must be ordered as (low, high), got {bracket}"
        raise ValueError(msg)
    expected = f"{least:.4g}" if least == most else f"{least:.5g} to {most:.5g}"
    seen = f"a rate {100 * reach:.4g} % off {expected}"
    off = [least * (1 - reach), most * (1 + reach)]
    if least == 0 or not (off[0] >= 0 or off[1] <= 1):
        return undecided(Evidence.SAMPLED, f"no power: {seen} cannot be seen or cannot be")
    high = _largest_allowed(n, most, false_alarm / 2)
    low = _smallest_allowed(n, least, false_alarm / 2)
    missed_below = float(stats.binom.sf(low - 1, n, off[0])) if off[0] >= 0 else 0.0
    missed_above = float(stats.binom.cdf(high, n, off[1])) if off[1] <= 1 else 0.0
    missed = max(missed_below, missed_above)
    if not missed <= miss:
        return _too_few(n, missed, miss, seen)
    verdict = Verdict.HOLDS if low <= k <= high else Verdict.FAILS
    detail = f"{k} of {n} = {k / n:.4g}, expected {expected}; accepted in [{low}, {high}]"
    margin = (min(k - low, high - k) + 0.5) / ((high - low) / 2 + 0.5)
    return Finding(verdict, Evidence.SAMPLED, margin, detail, false_alarm, miss, seen)


def _largest_allowed(n: int, rate: float, false_alarm: float) -> int:
    """The smallest c with P(X > c) <= false_alarm for X binomial, checked on its own tail."""
    critical = int(stats.binom.isf(false_alarm * OUTWARD, n, rate)) if rate > 0 else 0
    while stats.binom.sf(critical, n, rate) > false_alarm:
        critical += 1
    return critical


def _smallest_allowed(n: int, rate: float, false_alarm: float) -> int:
    """The largest c with P(X < c) <= false_alarm for X binomial, checked on its own tail."""
    critical = int(stats.binom.ppf(false_alarm * OUTWARD, n, rate))
    while critical > 0 and stats.binom.cdf(critical - 1, n, rate) > false_alarm:
        critical -= 1
    return critical


def law_equals(
    samples: Any,
    cdf: Callable[[np.ndarray], np.ndarray],
    *,
    reach: float,
    false_alarm: float,
    miss: float,
) -> Finding:
    """SAMPLED: real samples follow the law with distribution function `cdf`.

    Sees every law whose distribution function differs by `reach` somewhere. Ties are counted as
    they are, so laws with atoms are welcome if `cdf` takes their jumps at the atom.

    Raises:
        ValueError: samples that are not of shape (n,) or (n, 1), error rates or a reach that are
            none.
    """
    _require_error_rates(false_alarm, miss)
    _require_reach(reach)
    drawn = as_array(samples)
    if drawn.ndim not in (1, 2) or (drawn.ndim == 2 and drawn.shape[1] != 1):
        msg = f"samples must be of shape (n,) or (n, 1), got {drawn.shape}"
        raise ValueError(msg)
    drawn = np.sort(drawn.reshape(-1))
    if drawn.size == 0 or not np.isfinite(drawn).all():
        return undecided(Evidence.SAMPLED, "there are no samples, or one of them is not finite")
    threshold, slack = (math.sqrt(math.log(2 / p) / (2 * drawn.size)) for p in (false_alarm, miss))
    seen = f"a distribution function off by {reach:.3g}"
    if threshold + slack > reach:
        return _too_few(drawn.size, threshold + slack, reach, seen)
    gap = _largest_gap(drawn, cdf)
    if gap is None:
        return undecided(Evidence.SAMPLED, "the cdf is not a distribution function on the samples")
    verdict = Verdict.HOLDS if gap <= threshold else Verdict.FAILS
    detail = f"largest gap {gap:.3e} over {drawn.size} samples; rejected above {threshold:.3e}"
    return Finding(verdict, Evidence.SAMPLED, 1 - gap / threshold, detail, false_alarm, miss, seen)


def _largest_gap(drawn: np.ndarray, cdf: Callable[[np.ndarray], np.ndarray]) -> float | None:
    """sup |F_n - F| from the values of F at the sorted samples and just left of them."""
    at, left = (as_array(cdf(x)) for x in (drawn, np.nextafter(drawn, -np.inf)))
    for values in (at, left):
        in_range = values.shape == drawn.shape and bool(((values >= 0) & (values <= 1)).all())
        if not in_range or bool((np.diff(values) < -1e-12).any()):
            return None
    above = np.arange(1, drawn.size + 1) / drawn.size - at
    below = left - np.arange(drawn.size) / drawn.size
    return float(max(above.max(), below.max()))


def ordering(
    smaller: tuple[int, int],
    larger: tuple[int, int],
    *,
    reach: tuple[float, float],
    false_alarm: float,
    miss: float,
) -> Finding:
    """SAMPLED: the first rate is below the second, as (k, n) pairs of independent draws.

    HOLDS and FAILS need disjoint exact intervals; `reach` is a pair of rates that these sample
    sizes tell apart with probability 1 - miss, whichever of the two comes first.

    Raises:
        ValueError: counts or error rates that are none, a reach that is not two rates in order.
    """
    smaller, larger = _require_counts(*smaller), _require_counts(*larger)
    _require_error_rates(false_alarm, miss)
    if not 0 <= reach[0] < reach[1] <= 1:
        msg = f"reach must be two rates, the first below the second, got {reach}"
        raise ValueError(msg)
    seen = f"rates of {reach[0]:.4g} and {reach[1]:.4g}"
    missed = max(
        _chance_of_overlap(below, above, reach, false_alarm)
        for below, above in ((smaller[1], larger[1]), (larger[1], smaller[1]))
    )
    if not missed <= miss:
        return _too_few(smaller[1] + larger[1], missed, miss, seen)
    first, second = (clopper_pearson(k, n, alpha=false_alarm) for k, n in (smaller, larger))
    detail = f"[{first[0]:.4g}, {first[1]:.4g}] against [{second[0]:.4g}, {second[1]:.4g}]"
    if first[1] < second[0]:
        margin = (second[0] - first[1]) / second[0]
        return Finding(Verdict.HOLDS, Evidence.SAMPLED, margin, detail, false_alarm, miss, seen)
    if second[1] < first[0]:
        margin = (second[1] - first[0]) / first[0]
        return Finding(Verdict.FAILS, Evidence.SAMPLED, margin, detail, false_alarm, miss, seen)
    return undecided(Evidence.SAMPLED, f"the intervals overlap: {detail}")


def _chance_of_overlap(n_low: int, n_high: int, reach: tuple[float, float], alpha: float) -> float:
    """A bound on the chance that the two intervals are not separated, by the best divide."""
    tail, divide = alpha / 2 * OUTWARD**2, np.linspace(reach[0], reach[1], 41)[1:-1]
    below = stats.binom.ppf(tail, n_low, divide) - 1
    above = stats.binom.isf(tail, n_high, divide) + 1
    too_high = stats.binom.sf(below, n_low, reach[0])
    too_low = stats.binom.cdf(above - 1, n_high, reach[1])
    return float(np.min(too_high + too_low))


def _too_few(n: int, got: float, wanted: float, seen: str) -> Finding:
    why = f"too few samples: {n} draws see {seen} with {got:.3g} where {wanted:.3g} is required"
    return undecided(Evidence.SAMPLED, why)


def _require_counts(k: int, n: int) -> tuple[int, int]:
    if not (0 <= k <= n and n >= 1 and k == int(k) and n == int(n)):
        msg = f"counts must be integers with 0 <= k <= n and n >= 1, got k={k}, n={n}"
        raise ValueError(msg)
    return int(k), int(n)


def _require_rate(name: str, rate: float) -> float:
    if not 0 <= rate <= 1:
        msg = f"{name} must be in [0, 1], got {rate}"
        raise ValueError(msg)
    return rate


def _require_reach(reach: float) -> None:
    if not 0 < reach < math.inf:
        msg = f"reach must be positive and finite, got {reach}"
        raise ValueError(msg)


def _require_error_rates(*rates: float) -> None:
    for rate in rates:
        if not SMALLEST_ERROR_RATE <= rate < 0.5:
            msg = f"an error rate must be in [{SMALLEST_ERROR_RATE}, 0.5), got {rate}"
            raise ValueError(msg)
