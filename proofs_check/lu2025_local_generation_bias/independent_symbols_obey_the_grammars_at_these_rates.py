"""The baselines that shares of valid images have to be compared with."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product

from proofs_check.lu2025_local_generation_bias import PAPER
from theorylab.claims import Evidence, Finding, Relation, all_hold, claim, for_all, for_all_equal
from theorylab.parity import EqualSumsLaw, HypercubeLaw

Rates = tuple[Fraction, Fraction]
"""The rate of valid words, word by word and by another route."""


def fair_bits_in_a_parity(length: int) -> Rates:
    """Fair bits with product 1; the other route is the law's number of words."""
    words = product((1, -1), repeat=length)
    counted = sum(math.prod(word) == 1 for word in words)
    return Fraction(counted, 2**length), Fraction(
        HypercubeLaw.parity(length).support_size, 2**length
    )


def digits_in_equal_sums(symbols: int) -> Rates:
    """Digits from their marginals; the other route is the square of their convolution."""
    law = EqualSumsLaw(symbols=symbols)
    mass = [law.marginal([0])[a,] for a in range(symbols)]
    counted = sum(math.prod(mass[s] for s in word) for word, _ in law.atoms())
    sums = [Fraction(0)] * (2 * symbols - 1)
    for a, b in product(range(symbols), repeat=2):
        sums[a + b] += mass[a] * mass[b]
    return Fraction(counted), sum((p**2 for p in sums), start=Fraction(0))


def bits_in_brackets(length: int) -> Rates:
    """Bits from their marginals under the Dyck law; the other route walks over heights."""
    law = HypercubeLaw.dyck(length)
    up = [(1 + law.moment([i])) / 2 for i in range(length)]
    counted = sum(
        math.prod(p if v == 1 else 1 - p for v, p in zip(word, up, strict=True))
        for word, _ in law.atoms()
    )
    return Fraction(counted), walk(up)


def fair_bits_in_brackets(length: int) -> Rates:
    """Fair bits in a balanced word: a Catalan number over 2^L, and the walk."""
    half = length // 2
    catalan = math.comb(length, half) // (half + 1)
    return Fraction(catalan, 2**length), walk([Fraction(1, 2)] * length)


def walk(up: list[Fraction]) -> Fraction:
    """The chance to stay at 0 or above and to end at 0, stepping up with these chances."""
    heights = {0: Fraction(1)}
    for p in up:
        reached: dict[int, Fraction] = {}
        for h, mass in heights.items():
            for step, chance in ((1, p), (-1, 1 - p)):
                if h + step >= 0:
                    reached[h + step] = reached.get(h + step, Fraction(0)) + mass * chance
        heights = reached
    return heights[0]


@dataclass(frozen=True)
class Baseline:
    """A grammar of a size, the stated rate of validity, and the share that is trained on."""

    name: str
    rates: Callable[[int], Rates] = field(repr=False)
    size: int
    valid: Fraction
    trained: Fraction = Fraction(1)
    decimals: tuple[str, str, str] = ("", "", "")

    def rounded(self) -> tuple[str, str, str]:
        """Valid, in the training set, extrapolated, to four decimals."""
        seen = self.valid * self.trained
        return tuple(f"{float(p):.4f}" for p in (self.valid, seen, self.valid - seen))  # type: ignore[return-value]


def grammars() -> list[Baseline]:
    """The grammars of the paper."""
    half, twentieth = Fraction(1, 2), Fraction(1638, 32768)
    digits = Fraction(1420746371, 20151121000)
    return [
        Baseline("parity", fair_bits_in_a_parity, 8, half, half, ("0.5000", "0.2500", "0.2500")),
        Baseline(
            "parity", fair_bits_in_a_parity, 16, half, twentieth, ("0.5000", "0.0250", "0.4750")
        ),
        Baseline(
            "quarter digits", digits_in_equal_sums, 10, digits, Fraction(470, 670),
            ("0.0705", "0.0495", "0.0210"),
        ),
        Baseline(
            "brackets", bits_in_brackets, 8, Fraction(21951, 76832),
            decimals=("0.2857", "0.2857", "0.0000"),
        ),
        Baseline(
            "brackets", bits_in_brackets, 16,
            Fraction(6363426738609274012483, 38217963155715200000000),
            decimals=("0.1665", "0.1665", "0.0000"),
        ),
        Baseline(
            "brackets, fair bits", fair_bits_in_brackets, 8, Fraction(7, 128),
            decimals=("0.0547", "0.0547", "0.0000"),
        ),
        Baseline(
            "brackets, fair bits", fair_bits_in_brackets, 16, Fraction(715, 32768),
            decimals=("0.0218", "0.0218", "0.0000"),
        ),
    ]  # fmt: skip


@claim(
    source=PAPER.at("Section 4.2, proportions of generated images"),
    relation=Relation.BEYOND,
    evidence=Evidence.EXHAUSTIVE,
    cases=grammars(),
    must_fail={
        "2 per cent more valid words": lambda case: replace(
            case, valid=case.valid * Fraction(51, 50)
        ),
        "two symbols more": lambda case: replace(case, size=case.size + 2),
        "a training set of 60 per cent": lambda case: replace(case, trained=Fraction(3, 5)),
    },
)
def independent_symbols_obey_the_grammars_at_these_rates(case: Baseline) -> Finding:
    r"""Symbols drawn independently from their marginals form valid words at exact rates.

    Parity 1/2 (8 and 16 bits); quarter digits 1420746371/20151121000 = 0.0705; balanced words
    21951/76832 = 0.2857 for 8 symbols and 0.1665 for 16, where fair bits reach only
    Catalan$(L/2)/2^L$ = 7/128 = 0.0547 and 715/32768 = 0.0218. With the paper's training sets, a
    uniformly random share of the valid words, the expected rates in the training set and beyond
    it are 0.25 and 0.25 (parity of 8 bits, half), 0.025 and 0.475 (16 bits, 1638 words), 0.0495
    and 0.0210 (digits, 470 words). The rest is hallucinated. A model shows no sign of a rule
    before it exceeds these.
    """
    counted, other = case.rates(case.size)
    return all_hold(
        for_all_equal([counted, other], lambda rate: (rate, case.valid)),
        for_all([case], lambda case: case.rounded() == case.decimals),
    )
