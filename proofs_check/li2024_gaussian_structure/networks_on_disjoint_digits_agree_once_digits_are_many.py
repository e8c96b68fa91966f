"""Strong generalisation of trained networks: two halves of the data, two networks."""

from dataclasses import dataclass, replace

from proofs_check.li2024_gaussian_structure import PAPER
from proofs_check.li2024_gaussian_structure._digits import gap, network, probe
from theorylab.claims import Evidence, Finding, Relation, claim, rate_at_most

CHANCE = 1e-12


@dataclass(frozen=True)
class Pairs:
    """A noise level, two pairs of networks on disjoint images."""

    sigma: float
    many: tuple[str, str] = ("digits_700_a", "digits_700_b")
    few: tuple[str, str] = ("digits_20_a", "digits_20_b")
    n: int = 1000
    bound: float = 0.05
    seed: int = 41


@claim(
    source=PAPER.at("Section 3 (strong generalisation)"),
    relation=Relation.AS_STATED,
    evidence=Evidence.SAMPLED,
    cases=[Pairs(0.15), Pairs(0.3), Pairs(0.6)],
    must_fail={
        "pairs exchanged": lambda case: replace(case, many=case.few, few=case.many),
        "one network of each size": lambda case: replace(
            case, many=("digits_700_a", "digits_20_b"), few=("digits_700_a", "digits_700_b")
        ),
    },
)
def networks_on_disjoint_digits_agree_once_digits_are_many(case: Pairs) -> Finding:
    r"""Two networks trained for 2000 steps on disjoint sets of 700 handwritten digits are nearer
    to each other than two trained on disjoint sets of 20: at $\sigma = 0.15, 0.3, 0.6$ for at
    least 95 in 100 images that are in none of the sets, and draws of noise. (Shipped weights
    `digits_700_a`, `digits_700_b`, `digits_20_a`, `digits_20_b`, seed 0.)
    """
    y = probe(case.sigma, case.n, seed=case.seed)
    first, second = (
        gap(network(pair[0]), network(pair[1]), y, case.sigma) for pair in (case.many, case.few)
    )
    k = int((first >= second).sum())
    return rate_at_most(k, case.n, case.bound, reach=3.0, false_alarm=CHANCE, miss=CHANCE)
