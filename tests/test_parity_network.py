"""Networks, their exact loss and gradient: against Monte Carlo-free quadrature and differences."""

import math

import mpmath
import numpy as np
import pytest
import torch
from scipy import integrate, special, stats

from theorylab.parity import (
    HypercubeLaw,
    TwoLayerReLU,
    population_gradient,
    population_loss,
    ratio_of_means_dependency,
)
from theorylab.parity.normal_pairs import Correlation, owens_t, pair_moments, pair_probability

LAWS = {
    "parity": HypercubeLaw.parity(3),
    "brackets": HypercubeLaw.dyck(4),
    "odd parity beside a free bit": HypercubeLaw.parity(4, [0, 1, 3], value=-1),
}
every_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)


def network(d, m=4, *, seed=0, all_outputs=False):
    generator = torch.Generator().manual_seed(seed)
    shape = (d, m) if all_outputs else (m,)
    a, b = (torch.randn(shape, generator=generator) for _ in range(2))
    return TwoLayerReLU(a, torch.randn(*shape, d, generator=generator), b)


def replaced(net, **parts):
    return TwoLayerReLU(**{"a": net.a, "w": net.w, "b": net.b, **parts})


def differences(net, f, step=1e-5):
    """Central differences of f in a, w and b."""
    result = []
    for name in ("a", "w", "b"):
        value = getattr(net, name)
        slopes = torch.zeros_like(value)
        for i in range(value.numel()):
            shift = torch.zeros_like(value)
            shift.view(-1)[i] = step
            up, down = (f(replaced(net, **{name: value + s * shift})) for s in (1, -1))
            slopes.view(-1)[i] = (up - down) / (2 * step)
        result.append(slopes)
    return result


def test_owens_t_agrees_with_scipy_everywhere():
    x = torch.linspace(-9, 9, 61)[:, None]
    a = torch.tensor([0.0, 1e-8, 0.3, 0.999, 1.0, 1.001, 7.0, 1e6, math.inf])
    a = torch.cat((a, -a))
    expected = special.owens_t(x.numpy(), a.numpy())
    np.testing.assert_allclose(owens_t(x, a).numpy(), expected, atol=3e-16, rtol=0)


@pytest.mark.parametrize("r", [-0.999999, -0.6, 0.0, 0.35, 0.97, 1 - 1e-9])
def test_pair_probability_agrees_with_an_integral_over_the_correlation(r):
    for h, k in [(0.3, -0.4), (1.2, 1.1999), (0.0, -0.7), (-0.9, 0.0), (0.0, 0.0), (2.5, -2.6)]:

        def density(angle, h=h, k=k):
            cos = math.cos(angle)
            exponent = (h * h + k * k - 2 * h * k * math.sin(angle)) / (2 * cos * cos)
            return math.exp(-exponent) / (2 * math.pi)

        value, _ = integrate.quad(density, 0, math.asin(r), epsabs=1e-13, limit=400)
        expected = stats.norm.cdf(h) * stats.norm.cdf(k) + value
        found = pair_probability(*torch.tensor([h, k]), Correlation.of(torch.tensor(r)))
        assert found.item() == pytest.approx(expected, abs=2e-13)


@pytest.mark.parametrize("below", [1e-3, 1e-8, 1e-14, 1e-20])
def test_pair_probability_near_perfect_correlation_agrees_with_twenty_digits(below):
    apart = math.sqrt(below)
    near, far = torch.tensor([below, 2 - below])
    for h, gap in [(0.3, 0.0), (-1.4, 0.7 * apart), (2.5, 3 * apart), (0.0, 0.2)]:
        for sign in (1, -1):
            r = torch.tensor(sign * (1 - below))
            correlation = Correlation(r, *((near, far) if sign > 0 else (far, near)))
            k = sign * (h + gap)
            found = pair_probability(*torch.tensor([h, k]), correlation).item()
            assert found == pytest.approx(near_perfect(h, k, below, sign), abs=2e-16)


def near_perfect(h, k, below, sign):
    """Phi_2(h, k; sign (1 - below)) from its value at sign, along the correlation, by mpmath."""
    with mpmath.workdps(20):
        h, k = mpmath.mpf(h), mpmath.mpf(k)
        apart, product = (h - sign * k) ** 2, sign * 4 * h * k

        def density(angle):
            exponent = (apart + product * mpmath.sin(angle / 2) ** 2) / mpmath.sin(angle) ** 2
            return mpmath.exp(-exponent / 2)

        end = 2 * mpmath.asin(mpmath.sqrt(mpmath.mpf(below) / 2))
        pieces = mpmath.linspace(0, end, 4)
        rest = mpmath.quad(density, pieces, method="gauss-legendre", maxdegree=5)
        on = mpmath.ncdf(h), mpmath.ncdf(k)
        start = min(on) if sign > 0 else max(sum(on) - 1, 0)
        return float(start - sign * rest / (2 * mpmath.pi))


def test_pair_moments_at_equal_and_opposite_variables_are_one_dimensional():
    mean, sd = torch.tensor(0.4), torch.tensor(1.3)
    h = 0.4 / 1.3
    on, density = stats.norm.cdf(h), stats.norm.pdf(h)
    same = pair_moments(mean, mean, sd, sd, Correlation.of(torch.tensor(1.0)))
    assert same.product.item() == pytest.approx(1.69 * ((1 + h * h) * on + h * density))
    assert same.first_on.item() == pytest.approx(1.3 * (h * on + density))
    assert same.first_edge.item() == 0
    opposite = pair_moments(mean, -mean, sd, sd, Correlation.of(torch.tensor(-1.0)))
    for value in (opposite.both, opposite.product, opposite.first_on, opposite.second_on):
        assert value.item() == pytest.approx(0, abs=1e-16)


def test_pair_moments_near_equality_lose_no_digits():
    """Directions 1e-8 apart: r rounds to 1, and the moments still vary smoothly."""
    for gap in (1e-4, 1e-8, 1e-12):
        u = torch.tensor([1.0, 0.0])
        v = torch.tensor([math.cos(gap), math.sin(gap)])
        one = torch.tensor(1.0)
        near = pair_moments(one * 0.3, one * 0.3, one, one, Correlation.between(u, v))
        same = pair_moments(one * 0.3, one * 0.3, one, one, Correlation.between(u, u))
        assert abs(near.product - same.product).item() <= gap**2 + 1e-15
        assert near.first_edge.item() == pytest.approx(
            gap * stats.norm.pdf(0.3) * stats.norm.pdf(0), rel=1e-3
        )


@every_law
def test_loss_is_the_mean_over_vertices_of_a_gaussian_mean(law):
    """Gauss-Hermite in every noise coordinate of a network without kinks in the data."""
    d = law.dimension
    w = 0.05 * network(d).w
    net = TwoLayerReLU(network(d).a, w, torch.tensor([3.0, -3.0, 4.0, 3.5]))
    nodes, weights = np.polynomial.hermite_e.hermegauss(12)
    grid = torch.cartesian_prod(*[torch.tensor(nodes)] * d)
    mass = torch.tensor(weights / math.sqrt(2 * math.pi))
    share = torch.cartesian_prod(*[mass] * d).prod(-1)
    atoms, masses = law.weighted_vertices(like=w)
    total = 0.0
    for v, p in zip(atoms, masses, strict=True):
        x = math.sqrt(0.4) * v + math.sqrt(0.6) * grid
        total += p * share @ (grid[:, 1] - net(x)).square()
    loss = population_loss(net, law=law, coordinate=1, alpha_bar=0.4)
    assert loss.item() == pytest.approx(float(total), rel=1e-12)


@every_law
@pytest.mark.parametrize("alpha_bar", [0.0, 0.5, 0.9])
def test_gradient_is_that_of_the_loss(law, alpha_bar):
    net = network(law.dimension)
    setting = {"law": law, "coordinate": 1, "alpha_bar": alpha_bar}
    found = population_gradient(net, **setting)
    expected = differences(net, lambda n: population_loss(n, **setting))
    for left, right in zip(found, expected, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-8, atol=1e-8)


@every_law
def test_gradient_with_equal_and_zero_columns_is_that_of_the_loss(law):
    """Vertices that the network does not tell apart are summed as one."""
    net = network(law.dimension)
    for columns in ([0, 0, 1, 2], [0, 1, 1, 1], [3, 0, 3, 3]):
        padded = torch.cat((net.w, torch.zeros_like(net.w)), dim=1)
        place = [c if c < 3 else -1 for c in columns[: law.dimension]]
        tied = replaced(net, w=padded[:, place])
        setting = {"law": law, "coordinate": 1, "alpha_bar": 0.6}
        found = population_gradient(tied, **setting)
        expected = differences(tied, lambda n, s=setting: population_loss(n, **s))
        for left, right in zip(found, expected, strict=True):
            torch.testing.assert_close(left, right, rtol=1e-8, atol=1e-8)


def test_coordinates_that_law_and_network_treat_alike_get_equal_gradients():
    net = network(6)
    tied = replaced(net, w=net.w[:, [0, 1, 1, 1, 1, 1]])
    _, grad, _ = population_gradient(tied, law=HypercubeLaw.parity(6), alpha_bar=0.5)
    assert (grad[:, 1:] == grad[:, 1:2]).all()


@every_law
def test_dependency_is_the_ratio_of_mean_squares_of_the_jacobian(law):
    """Against the probabilities 1_j 1_k of scipy's bivariate normal law."""
    net, i = network(law.dimension, 3), 1
    signal, noise = math.sqrt(0.5), math.sqrt(0.5)
    atoms, masses = law.weighted_vertices(like=net.w)
    moments = torch.zeros(law.dimension)
    for v, p in zip(atoms, masses, strict=True):
        level = signal * net.w @ v + net.b
        for j in range(3):
            for k in range(3):
                pair = net.w[[j, k]]
                cov = (noise**2 * pair @ pair.T).numpy()
                where = {"mean": (-level[[j, k]]).numpy(), "allow_singular": True}
                share = stats.multivariate_normal.cdf([0, 0], cov=cov, **where)
                moments += p * net.a[j] * net.a[k] * share * net.w[j] * net.w[k]
    found = ratio_of_means_dependency(net, law=law, coordinate=i, alpha_bar=0.5)
    assert found.item() == pytest.approx((moments[i] / moments.sum()).item(), rel=1e-6)


def test_a_network_with_all_outputs_is_its_outputs():
    net = network(3, all_outputs=True)
    law = HypercubeLaw.parity(3)
    x = network(3, 5).w
    losses = population_loss(net, law=law, alpha_bar=0.5)
    parts = population_gradient(net, law=law, alpha_bar=0.5)
    for i in range(3):
        one = net.output(i)
        torch.testing.assert_close(net(x)[:, i], one(x))
        torch.testing.assert_close(net.jacobian(x)[:, i], one.jacobian(x))
        setting = {"law": law, "coordinate": i, "alpha_bar": 0.5}
        assert losses[i] == population_loss(one, **setting)
        alone = population_gradient(one, **setting)
        assert all(torch.equal(p[i], q) for p, q in zip(parts, alone, strict=True))


def test_jacobian_is_the_derivative_of_the_output():
    net, x = network(3), network(3, 5, seed=2).w
    point = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(net(point).sum(), point)
    torch.testing.assert_close(net.jacobian(x), slope)


def test_starts_are_those_of_the_paper():
    balanced = TwoLayerReLU.balanced(4000, 3, scale=1e-3, bias_scale=2.0, seed=0)
    assert balanced.imbalance().abs().max() < 1e-19
    assert balanced.w.std().item() == pytest.approx(1e-3, rel=0.05)
    assert balanced.b.std().item() == pytest.approx(2e-3, rel=0.05)
    assert abs((balanced.a > 0).double().mean().item() - 0.5) < 0.04
    again = TwoLayerReLU.balanced(4000, 3, scale=1e-3, bias_scale=2.0, seed=0)
    assert torch.equal(balanced.w, again.w)
    small = TwoLayerReLU.without_bias(5, 3, scale=1e-3, seed=0)
    assert torch.equal(small.a, small.w.square().sum(-1))
    assert not small.b.any()


NET = TwoLayerReLU(
    torch.tensor([1.0, 2.0]), torch.tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]), torch.ones(2)
)
PARITY = HypercubeLaw.parity(3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: TwoLayerReLU([1.0], [[1.0, math.nan]], [0.0]), "w must be finite"),
        (lambda: TwoLayerReLU([1.0], [1.0, 2.0], [0.0]), "w must have shape"),
        (lambda: TwoLayerReLU([1.0, 2.0], [[1.0, 2.0]], [0.0]), "a must have shape"),
        (lambda: TwoLayerReLU([1.0], [[1.0, 2.0]], [[0.0]]), "b must have shape"),
        (lambda: TwoLayerReLU(np.ones((2, 1)), np.ones((2, 1, 3)), np.ones((2, 1))), "outputs"),
        (lambda: NET.output(0), "coordinate must be left out"),
        (lambda: NET([1.0, 2.0]), "x must be of shape"),
        (lambda: TwoLayerReLU.balanced(0, 3, scale=1.0, seed=0), "width"),
        (lambda: TwoLayerReLU.balanced(2, 3, scale=0.0, seed=0), "scale must be positive"),
        (lambda: TwoLayerReLU.without_bias(2, 0, scale=1.0, seed=0), "dimension"),
        (lambda: population_loss("net", law=PARITY, alpha_bar=0.5), "network must be"),
        (lambda: population_loss(NET, law=HypercubeLaw.parity(4), alpha_bar=0.5), "law must be"),
        (lambda: population_loss(NET, law=PARITY, coordinate=3, alpha_bar=0.5), "coordinate"),
        (lambda: population_gradient(NET, law=PARITY, alpha_bar=1.0), "alpha_bar must be"),
        (
            lambda: population_gradient(
                TwoLayerReLU([1.0], [[0.0, 0.0, 0.0]], [1.0]), law=PARITY, alpha_bar=0.5
            ),
            "w must be non-zero",
        ),
        (
            lambda: ratio_of_means_dependency(
                TwoLayerReLU([0.0], [[1.0, 0.0, 0.0]], [1.0]), law=PARITY, alpha_bar=0.5
            ),
            "Jacobian",
        ),
    ],
)
def test_bad_input_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
