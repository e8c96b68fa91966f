"""SAMPLED evidence: both error rates are exact, by enumeration over every possible count."""

import bisect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from theorylab.claims import (
    Evidence,
    Finding,
    Verdict,
    clopper_pearson,
    law_equals,
    ordering,
    rate_at_most,
    rate_between,
    rate_equals,
)

HOLDS, FAILS, UNDECIDED = Verdict.HOLDS, Verdict.FAILS, Verdict.UNDECIDED


def chance(verdict: Verdict, check: Callable[[int], Finding], n: int, rate: float) -> float:
    """The exact probability of a verdict when the count is binomial."""
    weights = stats.binom.pmf(np.arange(n + 1), n, rate)
    return math.fsum(weights[k] for k in range(n + 1) if check(k).verdict is verdict)


RATES = [
    (n, rate, reach, alarm, miss)
    for n, rate, reach in ((500, 0.1, 1.0), (1200, 0.3, 0.3), (250, 0.5, 0.5), (600, 0.02, 3.0))
    for alarm, miss in ((0.01, 0.02), (1e-4, 1e-2))
]


@pytest.mark.parametrize(("n", "rate", "reach", "alarm", "miss"), RATES)
def test_rate_at_most_keeps_both_error_rates(
    n: int, rate: float, reach: float, alarm: float, miss: float
) -> None:
    def check(k: int) -> Finding:
        return rate_at_most(k, n, rate, reach=reach, false_alarm=alarm, miss=miss)

    assert check(0).verdict is HOLDS
    assert check(n).verdict is FAILS
    for true in (rate, 0.9 * rate):
        assert chance(FAILS, check, n, true) <= alarm
    for violated in (rate * (1 + reach), min(1.0, rate * (1 + 1.5 * reach))):
        assert chance(HOLDS, check, n, violated) <= miss
    assert chance(FAILS, check, n, rate) > alarm / 10  # the level is used, not given away


@pytest.mark.parametrize(("n", "rate", "reach", "alarm", "miss"), RATES)
def test_rate_equals_keeps_both_error_rates(
    n: int, rate: float, reach: float, alarm: float, miss: float
) -> None:
    def check(k: int) -> Finding:
        return rate_equals(k, n, rate, reach=reach, false_alarm=alarm, miss=miss)

    assert check(round(n * rate)).verdict is HOLDS
    assert check(n).verdict is FAILS
    assert alarm / 20 < chance(FAILS, check, n, rate) <= alarm
    for violated in (rate * (1 - reach), rate * (1 + reach)):
        if 0 <= violated <= 1:
            assert chance(HOLDS, check, n, violated) <= miss


@pytest.mark.parametrize("maker", [rate_at_most, rate_equals])
def test_each_tail_of_a_rate_is_as_wide_as_it_may_be(maker: Callable[..., Finding]) -> None:
    """One count further in the accepted range would break the level: the guard is not slack."""
    n, rate, alarm = 1000, 0.3, 0.01
    share = alarm / 2 if maker is rate_equals else alarm
    accepted = [
        k
        for k in range(n + 1)
        if maker(k, n, rate, reach=0.3, false_alarm=alarm, miss=0.01).verdict is HOLDS
    ]
    assert (
        stats.binom.sf(accepted[-1], n, rate) <= share < stats.binom.sf(accepted[-1] - 1, n, rate)
    )
    if maker is rate_equals:
        low = accepted[0]
        assert stats.binom.cdf(low - 1, n, rate) <= share < stats.binom.cdf(low, n, rate)


def test_a_rate_two_per_cent_off_is_rejected() -> None:
    """n = 4e6 draws see 2 % of a rate of 0.1 with both errors 1e-9: (12/0.02)^2 * 9 = 3.2e6."""
    n, spent = 4_000_000, {"reach": 0.02, "false_alarm": 1e-9, "miss": 1e-9}
    assert rate_at_most(400_000, n, 0.1, **spent).verdict is HOLDS
    assert rate_at_most(408_000, n, 0.1, **spent).verdict is FAILS
    assert rate_equals(400_000, n, 0.1, **spent).verdict is HOLDS
    assert rate_equals(408_000, n, 0.1, **spent).verdict is FAILS
    assert rate_equals(392_000, n, 0.1, **spent).verdict is FAILS
    assert rate_equals(400_000, n // 2, 0.2, **spent).verdict is HOLDS


@pytest.mark.parametrize(
    "found",
    [
        rate_at_most(10, 100, 0.1, reach=0.05, false_alarm=1e-3, miss=1e-3),
        rate_equals(10, 100, 0.1, reach=0.05, false_alarm=1e-3, miss=1e-3),
        rate_at_most(0, 100, 0.0, reach=0.05, false_alarm=1e-3, miss=1e-3),
        rate_equals(0, 100, 0.0, reach=0.05, false_alarm=1e-3, miss=1e-3),
        rate_at_most(10, 100, 1.0, reach=0.05, false_alarm=1e-3, miss=1e-3),
        rate_at_most(10, 1000, 0.5, reach=1.5, false_alarm=1e-3, miss=1e-3),
        rate_equals(500, 1000, 0.5, reach=1.5, false_alarm=1e-3, miss=1e-3),
        law_equals(np.linspace(0, 1, 100), lambda v: v, reach=0.05, false_alarm=0.01, miss=0.01),
        ordering((10, 100), (20, 100), reach=(0.1, 0.2), false_alarm=1e-3, miss=1e-3),
    ],
)
def test_without_power_every_maker_is_undecided(found: Finding) -> None:
    assert found.verdict is UNDECIDED
    assert found.false_alarm == found.miss == 0
    assert "too few" in found.detail or "no power" in found.detail


def test_rate_equals_needs_power_on_both_sides() -> None:
    """At 0.1 a rate of 0 is seen by 120 draws and 0.2 is not; at 0.9 it is 1 and 0.8."""
    spent = {"false_alarm": 0.01, "miss": 0.02}
    assert rate_equals(12, 120, 0.1, reach=1.0, **spent).verdict is UNDECIDED
    assert rate_equals(50, 500, 0.1, reach=1.0, **spent).verdict is HOLDS
    assert rate_equals(54, 60, 0.9, reach=1 / 9, **spent).verdict is UNDECIDED
    assert rate_equals(450, 500, 0.9, reach=1 / 9, **spent).verdict is HOLDS


def test_one_draw_less_than_needed_is_too_few() -> None:
    spent = {"reach": 1.0, "false_alarm": 1e-3, "miss": 1e-3}
    verdicts = [rate_at_most(0, n, 0.1, **spent).verdict for n in range(100, 900)]
    first = verdicts.index(HOLDS) + 100
    critical = stats.binom.isf(1e-3, first, 0.1)
    assert stats.binom.cdf(critical, first, 0.2) <= 1e-3
    critical = stats.binom.isf(1e-3, first - 1, 0.1)
    assert stats.binom.cdf(critical, first - 1, 0.2) > 1e-3


@pytest.mark.parametrize("maker", [rate_at_most, rate_equals])
@pytest.mark.parametrize(
    "bad",
    [
        {"k": -1},
        {"k": 101},
        {"k": 3.5},
        {"k": math.nan},
        {"n": 0},
        {"n": 99.5},
        {"rate": -0.1},
        {"rate": 1.1},
        {"rate": math.nan},
        {"reach": 0.0},
        {"reach": -0.5},
        {"reach": math.nan},
        {"reach": math.inf},
        {"false_alarm": 0.0},
        {"false_alarm": 1e-16},
        {"false_alarm": 0.5},
        {"miss": 0.0},
        {"miss": math.nan},
        {"miss": 0.7},
    ],
)
def test_a_rate_refuses_bad_input(maker: Callable[..., Finding], bad: dict[str, float]) -> None:
    good = {"k": 10, "n": 100, "rate": 0.1, "reach": 0.5, "false_alarm": 1e-3, "miss": 1e-3}
    given = good | bad
    positional = [given.pop(name) for name in ("k", "n", "rate")]
    with pytest.raises(ValueError, match=r"got .*"):
        maker(*positional, **given)


@pytest.mark.parametrize(("n", "alpha"), [(50, 0.02), (200, 1e-3)])
def test_clopper_pearson_covers(n: int, alpha: float) -> None:
    intervals = [clopper_pearson(k, n, alpha=alpha) for k in range(n + 1)]
    for rate in np.linspace(0.005, 0.995, 67):
        weights = stats.binom.pmf(np.arange(n + 1), n, rate)
        above = math.fsum(w for w, (low, _) in zip(weights, intervals, strict=True) if low > rate)
        below = math.fsum(
            w for w, (_, high) in zip(weights, intervals, strict=True) if high < rate
        )
        assert above <= alpha / 2
        assert below <= alpha / 2


def test_clopper_pearson_against_a_known_interval() -> None:
    """k = 0: high = 1 - (alpha/2)^(1/n); k = n mirrors it; both to the outward 1e-3 of alpha."""
    low, high = clopper_pearson(0, 30, alpha=0.1)
    assert low == 0
    assert high == pytest.approx(1 - 0.05 ** (1 / 30), rel=1e-3)
    assert high > 1 - 0.05 ** (1 / 30)
    assert clopper_pearson(30, 30, alpha=0.1) == (pytest.approx(1 - high), 1.0)


# ---------------------------------------------------------------- orderings


@pytest.mark.parametrize(("n1", "n2"), [(40, 40), (30, 60)])
def test_ordering_keeps_both_error_rates(n1: int, n2: int) -> None:
    reach, alarm, miss = (0.05, 0.85), 0.01, 0.02

    def verdict(i: int, j: int) -> Verdict:
        return ordering((i, n1), (j, n2), reach=reach, false_alarm=alarm, miss=miss).verdict

    rank = {FAILS: 0, UNDECIDED: 1, HOLDS: 2}
    edges = [
        [bisect.bisect_left(range(n2 + 1), level, key=lambda j, i=i: rank[verdict(i, j)])
         for level in (1, 2)]
        for i in range(n1 + 1)
    ]  # fmt: skip

    def chances(first: float, second: float) -> tuple[float, float]:
        rows = stats.binom.pmf(np.arange(n1 + 1), n1, first)
        pairs = list(zip(rows, edges, strict=True))
        fails = sum(w * stats.binom.cdf(a - 1, n2, second) for w, (a, _) in pairs)
        holds = sum(w * stats.binom.sf(b - 1, n2, second) for w, (_, b) in pairs)
        return float(fails), float(holds)

    for rate in (0.1, 0.3, 0.5):
        assert 0 < max(chances(rate, rate)) <= alarm
    fails, holds = chances(*reach)
    assert holds >= 1 - miss
    assert fails <= alarm
    fails, holds = chances(*reach[::-1])
    assert fails >= 1 - miss
    assert holds <= min(alarm, miss)


def test_ordering_verdicts() -> None:
    spent = {"reach": (0.1, 0.2), "false_alarm": 1e-6, "miss": 1e-6}
    low, high = (500, 5000), (1000, 5000)
    assert ordering(low, high, **spent).verdict is HOLDS
    assert ordering(high, low, **spent).verdict is FAILS
    assert ordering(low, low, **spent).verdict is UNDECIDED
    assert ordering(low, (525, 5000), **spent).verdict is UNDECIDED
    assert ordering((50_000, 500_000), (52_500, 500_000), **spent).verdict is HOLDS


def test_ordering_needs_power_in_both_directions() -> None:
    """16 draws show a rate of 0.55 to be below 0.99, but never one of 0.99 to be above 0.55."""
    spent = {"reach": (0.55, 0.99), "false_alarm": 1e-3, "miss": 0.3}
    assert ordering((160, 300), (300, 300), **spent).verdict is HOLDS
    assert ordering((160, 300), (16, 16), **spent).verdict is UNDECIDED
    assert ordering((6, 16), (300, 300), **spent).verdict is UNDECIDED


@pytest.mark.parametrize(
    "reach", [(0.2, 0.1), (0.1, 0.1), (-0.1, 0.2), (0.1, 1.2), (math.nan, 0.5), (0.1, math.nan)]
)
def test_ordering_refuses_a_reach_that_is_none(reach: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="reach must be two rates"):
        ordering((1, 100), (90, 100), reach=reach, false_alarm=0.01, miss=0.01)


# ---------------------------------------------------------------- laws

SPENT = {"reach": 0.05, "false_alarm": 1e-6, "miss": 1e-6}
N = 12_000
"""sqrt(log(2e6) / (2 N)) = 0.0246, twice of which is below the reach of 0.05."""


def quantiles(law: Any, n: int = N) -> np.ndarray:
    """The sample that follows a law as closely as n points can: no chance involved."""
    return law.ppf((np.arange(n) + 0.5) / n)


@pytest.mark.parametrize(
    ("drawn", "verdict"),
    [
        (stats.norm(), HOLDS),
        (stats.norm(0.03), HOLDS),  # its distribution function is off by 0.012, half the level
        (stats.norm(0.126), FAILS),  # off by 0.0502
        (stats.norm(0, 1.25), FAILS),  # off by 0.054
        (stats.laplace(0, 0.7), FAILS),
        (stats.uniform(-1.7, 3.4), FAILS),
    ],
)
def test_law_equals(drawn: Any, verdict: Verdict) -> None:
    found = law_equals(quantiles(drawn), stats.norm.cdf, **SPENT)
    assert found.verdict is verdict
    assert found.evidence is Evidence.SAMPLED
    assert (found.false_alarm, found.miss) == (1e-6, 1e-6)


def test_a_slightly_wrong_law_is_seen_by_enough_real_draws() -> None:
    """A Gaussian 3 % too wide is off by 0.0143; 1e5 draws see 0.0143 at 1e-5: 2 * 0.0078."""
    spent = {"reach": 0.016, "false_alarm": 1e-5, "miss": 1e-5}
    drawn = np.random.Generator(np.random.Philox(7)).standard_normal(100_000)
    assert law_equals(drawn, stats.norm.cdf, **spent).verdict is HOLDS
    assert law_equals(1.05 * drawn, stats.norm.cdf, **spent).verdict is FAILS
    assert law_equals(torch.tensor(drawn)[:, None], stats.norm.cdf, **spent).verdict is HOLDS
    assert law_equals(drawn[:50_000], stats.norm.cdf, **spent).verdict is UNDECIDED


def test_the_level_is_that_of_massart() -> None:
    """A shift of the whole sample in probability is accepted up to sqrt(log(2/a)/2n), no more."""
    threshold = math.sqrt(math.log(2e6) / (2 * N))
    grid = (np.arange(N) + 0.5) / N
    for shift, verdict in ((threshold - 1e-4, HOLDS), (threshold + 1e-4, FAILS)):
        found = law_equals(grid, lambda v, s=shift: np.clip(v - s, 0, 1), **SPENT)
        assert found.verdict is verdict
        found = law_equals(grid, lambda v, s=shift: np.clip(v + s, 0, 1), **SPENT)
        assert found.verdict is verdict


def test_a_law_with_atoms_is_judged_at_its_jumps() -> None:
    coin = stats.bernoulli(0.3)
    drawn = np.repeat([0.0, 1.0], [round(0.7 * N), round(0.3 * N)])
    assert law_equals(drawn, coin.cdf, **SPENT).verdict is HOLDS
    biased = np.repeat([0.0, 1.0], [round(0.64 * N), round(0.36 * N)])
    assert law_equals(biased, coin.cdf, **SPENT).verdict is FAILS


@pytest.mark.parametrize(
    "cdf",
    [
        lambda v: np.full_like(v, np.nan),
        lambda v: np.where(v > 0.5, np.nan, v),
        lambda v: 1 - v,
        lambda v: 1.5 * v,
        lambda v: v - 0.5,
        lambda _: 0.5,
        lambda v: v[:5],
    ],
)
def test_what_is_no_distribution_function_is_undecided(cdf: Any) -> None:
    assert law_equals((np.arange(N) + 0.5) / N, cdf, **SPENT).verdict is UNDECIDED


@pytest.mark.parametrize("samples", [[], [math.nan] * N, [*np.linspace(0, 1, N), math.inf]])
def test_law_equals_is_undecided_about_bad_samples(samples: Any) -> None:
    assert law_equals(samples, lambda v: np.clip(v, 0, 1), **SPENT).verdict is UNDECIDED


@pytest.mark.parametrize("shape", [(), (N // 2, 2), (2, 3, 2)])
def test_law_equals_refuses_samples_of_another_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"samples must be of shape"):
        law_equals(np.zeros(shape), lambda v: v, **SPENT)


@pytest.mark.parametrize("reach", [0.0, -1.0, math.nan, math.inf])
def test_law_equals_refuses_a_reach_that_is_none(reach: float) -> None:
    with pytest.raises(ValueError, match="reach must be positive"):
        law_equals(np.zeros(N), lambda v: v, reach=reach, false_alarm=1e-3, miss=1e-3)


def test_a_bracket_is_accepted_wherever_in_it_the_rate_lies() -> None:
    """Exactly, over all k: at either end of the bracket the rejection rate is what was stated."""
    n, most, bracket, alpha, miss = 20_000, 700, (0.010, 0.012), 1e-4, 1e-4
    verdicts = [
        rate_between(k, n, bracket, reach=0.6, false_alarm=alpha, miss=miss).verdict
        for k in range(most)
    ]
    rejected = [k for k, verdict in enumerate(verdicts) if verdict is Verdict.FAILS]
    accepted = [k for k, verdict in enumerate(verdicts) if verdict is Verdict.HOLDS]
    assert sorted(rejected + accepted) == list(range(most))
    for rate in bracket:
        beyond = stats.binom.pmf(rejected, n, rate).sum() + stats.binom.sf(most - 1, n, rate)
        assert alpha / 10 < beyond <= alpha
    for off in (0.010 * 0.4, 0.012 * 1.6):
        assert stats.binom.pmf(accepted, n, off).sum() <= miss


def test_a_bracket_must_be_ordered() -> None:
    with pytest.raises(ValueError, match=r"bracket must be ordered as \(low, high\)"):
        rate_between(1, 10, (0.5, 0.4), reach=0.5, false_alarm=1e-3, miss=1e-3)
