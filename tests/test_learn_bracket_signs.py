"""Signs of brackets in images: exact denoisers by two routes, and the ratios of a prediction."""

import math
import re
from fractions import Fraction
from itertools import product

import pytest
import torch

from theorylab.learn import bracket_signs, glyphs
from theorylab.learn import grammar_images as networks
from theorylab.parity import HypercubeLaw, dependency_ratios

ALPHA_BAR = 0.15
GRAMMAR = glyphs.dyck_brackets(8, trained=10)


def noisy(n=20, seed=1):
    generator = torch.Generator().manual_seed(seed)
    pick = torch.randint(len(GRAMMAR.valid), (n,), generator=generator)
    clean = GRAMMAR.images(GRAMMAR.valid[pick], generator=generator).double()
    xi = torch.randn(clean.shape, generator=generator, dtype=torch.float64)
    return math.sqrt(ALPHA_BAR) * clean + math.sqrt(1 - ALPHA_BAR) * xi


def pixel_denoiser(words):
    """E[x_0 | x] by Bayes' rule over the pictures of the words, from distances of pixels."""
    pictures = GRAMMAR.images(words, generator=torch.Generator().manual_seed(0)).double()
    flat = pictures.flatten(1)

    def predict(x):
        apart = (x.flatten(1)[:, None] - math.sqrt(ALPHA_BAR) * flat).square().sum(-1)
        weights = torch.softmax(-apart / (2 * (1 - ALPHA_BAR)), dim=-1)
        return (weights @ flat).reshape(x.shape)

    return predict


def test_clean_images_project_on_their_signs():
    drawn = GRAMMAR.images(GRAMMAR.valid, generator=torch.Generator().manual_seed(0)).double()
    signs = bracket_signs.predicted_signs(lambda x: x, GRAMMAR, drawn)
    assert torch.equal(signs, bracket_signs.signs_of(GRAMMAR.valid).double())


def test_exact_signs_are_those_of_the_exact_pixels():
    x, law = noisy(), bracket_signs.law_of(GRAMMAR.valid)
    got = bracket_signs.exact_signs(law, GRAMMAR, x, alpha_bar=ALPHA_BAR)
    pixels = bracket_signs.predicted_signs(pixel_denoiser(GRAMMAR.valid), GRAMMAR, x)
    torch.testing.assert_close(got, pixels, rtol=0, atol=1e-10)


def test_the_ratio_of_the_exact_denoiser_is_that_of_all_pixels():
    """And its gradient lies along the difference of the brackets."""
    x, predict = noisy(), pixel_denoiser(GRAMMAR.valid)
    got = bracket_signs.sign_ratios(predict, GRAMMAR, x, 1)
    torch.testing.assert_close(got, dependency_ratios(predict, x, GRAMMAR.region(1)))
    gradient = bracket_signs.sign_gradient(predict, GRAMMAR, x, 1).square().flatten(1)
    inside = gradient[:, GRAMMAR.region(1)].sum(-1) / gradient.sum(-1)
    torch.testing.assert_close(got, inside)
    assert float(got.max() - got.min()) > 0.1


def test_the_ratio_of_a_network_is_that_of_its_projected_jacobian():
    network = networks.small_dit(16, seed=2)
    predict = networks.clean_prediction(network, ALPHA_BAR)
    x = noisy(2).float()
    jacobian = torch.autograd.functional.jacobian(predict, x[:1]).reshape(256, 256).double()
    plus, minus = GRAMMAR.templates.pictures.flatten(1).double()
    delta = (plus - minus) / 2
    cells = [GRAMMAR.region(k) for k in range(8)]
    coupling = torch.stack([delta @ jacobian[cells[1]][:, cell] @ delta for cell in cells])
    expected = coupling[1] ** 2 / coupling.square().sum()
    got = bracket_signs.sign_ratios(predict, GRAMMAR, x, 1)
    assert got.shape == (2,)
    assert float(got[0]) == pytest.approx(float(expected), rel=1e-3)


def test_independent_brackets_keep_the_marginals_alone():
    law = HypercubeLaw.dyck(4)
    product_law = bracket_signs.independent_brackets(law)
    assert [product_law.moment([i]) for i in range(4)] == [law.moment([i]) for i in range(4)]
    for i, j in product(range(4), repeat=2):
        if i < j:
            assert product_law.moment([i, j]) == law.moment([i]) * law.moment([j])
    assert law.moment([1, 2]) != law.moment([1]) * law.moment([2])
    assert sum(p for _, p in product_law.atoms()) == Fraction(1)


BAD = {
    "grammar must draw two symbols": lambda: bracket_signs.cell_projections(
        glyphs.quarter_digits(), torch.zeros(1, 1, 16, 16)
    ),
    "alpha_bar must be in [0, 1]": lambda: bracket_signs.exact_signs(
        HypercubeLaw.dyck(8), GRAMMAR, noisy(1), alpha_bar=1.5
    ),
}


@pytest.mark.parametrize(("message", "call"), BAD.items(), ids=BAD)
def test_bad_input_is_named(message, call):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
