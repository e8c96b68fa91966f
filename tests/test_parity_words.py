"""Laws with closed posteriors: products of parities, brackets of any length, digits, templates."""

import itertools
import math
import re
from fractions import Fraction

import pytest
import torch

from theorylab.parity import (
    DyckLaw,
    EqualSumsLaw,
    FiniteLaw,
    FiniteWordLaw,
    HypercubeLaw,
    ParityLaw,
    ParityProductLaw,
    RenderedLaw,
    local_dependency_ratio,
)

TWO_RULES = HypercubeLaw.parities(7, [[0, 2, 5], [1, 6]], values=[-1, 1])
CUBE_LAWS = {
    "two rules": TWO_RULES,
    "no rule": HypercubeLaw.parities(3, []),
    "brackets 2": HypercubeLaw.dyck(2),
    "brackets 8": HypercubeLaw.dyck(8),
}
every_law = pytest.mark.parametrize("law", CUBE_LAWS.values(), ids=CUBE_LAWS)


def noise(*shape, seed=0):
    return 2 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def listed(law):
    vertices, masses = zip(*law.atoms(), strict=True)
    return FiniteLaw(law.dimension, vertices, masses)


@every_law
def test_moments_and_marginals_agree_with_the_listed_atoms(law):
    plain = listed(law)
    assert plain.support_size == law.support_size
    sizes = (0, 1, 2, 3, law.dimension)
    for subset in itertools.chain(
        *(itertools.combinations(range(law.dimension), k) for k in sizes)
    ):
        assert law.moment(subset) == plain.moment(subset)
    kept = [law.dimension - 1, 0]
    assert dict(law.marginal(kept).atoms()) == dict(plain.marginal(kept).atoms())
    rows, masses = law.weighted_vertices(like=torch.zeros(1))
    assert {tuple(row) for row in rows.tolist()} == {v for v, _ in law.atoms()}
    assert masses.sum().item() == pytest.approx(1)


@every_law
@pytest.mark.parametrize("alpha_bar", [0.0, 0.3, 0.9])
def test_posterior_mean_agrees_with_the_listed_atoms(law, alpha_bar):
    x = noise(3, 5, law.dimension)
    got = law.posterior_mean(x, alpha_bar=alpha_bar)
    torch.testing.assert_close(got, listed(law).posterior_mean(x, alpha_bar=alpha_bar))


def test_long_brackets_need_no_list():
    law = HypercubeLaw.dyck(64)
    assert law.support_size == math.comb(64, 32) // 33
    mean = law.posterior_mean(torch.zeros(64), alpha_bar=0.5)
    exact = torch.tensor([float(law.moment([i])) for i in range(64)])
    torch.testing.assert_close(mean, exact, rtol=1e-12, atol=1e-13)
    pair = law.marginal([63, 0])
    assert dict(pair.atoms()) == {(-1, 1): Fraction(1)}


def test_brackets_survive_contradiction_and_keep_derivatives():
    x = torch.full((2, 12), 300.0)
    x[1] = -300.0
    law = HypercubeLaw.dyck(12)
    mean = law.posterior_mean(x, alpha_bar=0.99)
    torch.testing.assert_close(mean, law.posterior_mean(x.flip(0), alpha_bar=0.99).flip(0))
    assert bool(torch.isfinite(mean).all())
    x.requires_grad_(True)
    law.posterior_mean(x, alpha_bar=0.9).sum().backward()
    assert bool(torch.isfinite(x.grad).all())
    assert (
        law.posterior_mean(torch.zeros(12, dtype=torch.float32), alpha_bar=0.5).dtype
        == torch.float32
    )


def test_dyck_fails_and_products_of_long_rules_meet_assumption_5_1():
    assert not HypercubeLaw.dyck(32).is_pairwise_independent_with_zero_mean()
    assert not TWO_RULES.is_pairwise_independent_with_zero_mean()
    long = HypercubeLaw.parities(9, [[0, 1, 2], [3, 4, 5, 6]], values=[-1, -1])
    assert long.is_pairwise_independent_with_zero_mean()
    assert long.marginal([4, 3, 6, 5, 0]).rules == (ParityLaw(5, (0, 1, 2, 3), -1),)


WORD_LAWS = {
    "digits": EqualSumsLaw(),
    "digits modulo 10": EqualSumsLaw(cyclic=True),
    "bits": EqualSumsLaw(symbols=2),
}


@pytest.mark.parametrize("law", WORD_LAWS.values(), ids=WORD_LAWS)
@pytest.mark.parametrize("alpha_bar", [0.0, 0.4, 0.95])
def test_posterior_of_equal_sums_agrees_with_the_listed_words(law, alpha_bar):
    words, masses = zip(*law.atoms(), strict=True)
    plain = FiniteWordLaw(4, law.symbols, words, masses)
    x = noise(6, 4 * law.symbols)
    got = law.symbol_probabilities(x, alpha_bar=alpha_bar)
    torch.testing.assert_close(got, plain.symbol_probabilities(x, alpha_bar=alpha_bar))
    blocks = got.unflatten(-1, (4, law.symbols))
    torch.testing.assert_close(blocks.sum(-1), torch.ones(6, 4))
    score = law.score(x, alpha_bar=alpha_bar)
    torch.testing.assert_close(
        score * math.sqrt(1 - alpha_bar), -law.noise_mean(x, alpha_bar=alpha_bar)
    )


def test_words_are_counted_and_their_pairs_judged():
    assert len(EqualSumsLaw().atoms()) == 670
    assert len(EqualSumsLaw(cyclic=True).atoms()) == 1000
    assert not EqualSumsLaw().is_pairwise_independent()
    assert EqualSumsLaw(cyclic=True).is_pairwise_independent()
    diagonal = FiniteWordLaw.uniform([(0, 0), (1, 1)], symbols=2)
    assert not diagonal.is_pairwise_independent()
    assert diagonal.marginal([1]) == {(0,): Fraction(1, 2), (1,): Fraction(1, 2)}


def test_extreme_logits_neither_overflow_nor_lose_the_word():
    x = torch.zeros(4, 10)
    for place, symbol in enumerate((9, 0, 4, 5)):
        x[place, symbol] = 500.0
    got = EqualSumsLaw().symbol_probabilities(x.flatten(), alpha_bar=0.99)
    torch.testing.assert_close(got, (x > 0).double().flatten())


def test_templates_of_unequal_norms_against_bayes_over_the_pixels():
    law = HypercubeLaw.parity(3, value=-1)
    rendered = RenderedLaw(law, torch.tensor([1.0, -1.0, 0.5]), torch.tensor([0.0, 2.0, 0.5]))
    x, alpha_bar = noise(5, 9), 0.4
    atoms, _ = law.weighted_vertices(like=x)
    clean = rendered.draw(atoms)
    gap = (x[:, None] - math.sqrt(alpha_bar) * clean).square().sum(-1)
    bayes = torch.softmax(-gap / (2 * (1 - alpha_bar)), dim=-1) @ clean
    torch.testing.assert_close(rendered.clean_mean(x, alpha_bar=alpha_bar), bayes)
    noisy = (x - math.sqrt(alpha_bar) * bayes) / math.sqrt(1 - alpha_bar)
    torch.testing.assert_close(rendered.noise_mean(x, alpha_bar=alpha_bar), noisy)
    ratio = local_dependency_ratio(lambda x: rendered.clean_mean(x, alpha_bar=0.4), x, range(3))
    assert 0 < ratio.item() < 1


PLUS = torch.ones(2)
BAD = {
    "d must be even": lambda: DyckLaw(3),
    "d must be an integer": lambda: HypercubeLaw.dyck(4.0),
    "values must be 1, one a subset, got 2": lambda: HypercubeLaw.parities(
        3, [[0]], values=[1, 1]
    ),
    "rules must have disjoint": lambda: HypercubeLaw.parities(3, [[0, 1], [1, 2]]),
    "rules must have disjoint non-empty subsets, got ()": lambda: HypercubeLaw.parities(3, [[]]),
    "rules must be parities of dimension 3": lambda: ParityProductLaw(3, (ParityLaw(2, (0,)),)),
    "value must be +1 or -1": lambda: HypercubeLaw.parities(3, [[0]], values=[2]),
    "length must be 4": lambda: EqualSumsLaw(length=3),
    "symbols must be at least 1": lambda: EqualSumsLaw(symbols=0),
    "words must be 2 symbols 0..1": lambda: FiniteWordLaw.uniform([(0, 2)], symbols=2),
    "words must be distinct": lambda: FiniteWordLaw.uniform([(0, 1), (0, 1)], symbols=2),
    "words must be distinct and at least one": lambda: FiniteWordLaw.uniform([], symbols=2),
    "probabilities must be 1 positive": lambda: FiniteWordLaw(1, 2, ((0,),), (Fraction(1, 2),)),
    "positions must lie in 0..3, got 4": lambda: EqualSumsLaw().marginal([4]),
    "x must be of shape (*n, 40)": lambda: EqualSumsLaw().score(torch.ones(4), alpha_bar=0.5),
    "alpha_bar must be in [0, 1)": lambda: EqualSumsLaw().score(torch.ones(40), alpha_bar=1.0),
    "plus and minus must be of one shape": lambda: RenderedLaw(TWO_RULES, PLUS, torch.ones(3)),
    "plus and minus must differ": lambda: RenderedLaw(TWO_RULES, PLUS, PLUS),
    "words must be of shape (*n, 7)": lambda: RenderedLaw(TWO_RULES, PLUS, -PLUS).draw(PLUS),
    "x must be of shape (*n, 14)": lambda: RenderedLaw(TWO_RULES, PLUS, -PLUS).clean_mean(
        PLUS, alpha_bar=0.5
    ),
}


@pytest.mark.parametrize(("message", "call"), BAD.items(), ids=BAD)
def test_bad_input_is_named(message, call):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
