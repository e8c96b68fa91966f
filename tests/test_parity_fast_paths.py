"""The fast paths of the exact flow and of its samples, each against the slow route it replaces.

Every comparison stands at the error that the fast path states; each was seen failing when the
result was moved by that much.
"""

import math

import mpmath
import numpy as np
import pytest
import torch
from scipy import special

from theorylab.parity import (
    BDF,
    LSODA,
    RADAU,
    HypercubeLaw,
    Independent,
    Sobol,
    Stratified,
    TwoLayerReLU,
    _pairs,
    gradient_flow,
    population_gradient,
    population_hessian,
    population_loss,
    sampled_gradient,
    stochastic_descent,
)
from theorylab.parity._hermite import CHUNK, reach, series_sums
from theorylab.parity._pairs import LENGTHS, Atoms, pair_sums
from theorylab.parity.batches import batch_gradient
from theorylab.parity.normal_pairs import Correlation, owens_t, pair_moments
from theorylab.parity.population import loss_and_gradient, setting_of
from theorylab.parity.stiff import solve_stiff
from theorylab.path import Dynamics

EPS = torch.finfo(torch.float64).eps
LAWS = {"parity": HypercubeLaw.parity(4), "brackets": HypercubeLaw.dyck(6)}
every_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)


def network(law, width=12, seed=1):
    return TwoLayerReLU.balanced(width, law.dimension, scale=0.7, seed=seed)


def flat(gradient):
    return torch.cat([part.flatten() for part in gradient])


def test_owens_t_is_right_to_1e_14_at_forty_digits():
    """Corners of the plane of (x, a), beside x = y and where the integrand is steepest."""
    points = [
        (0.0, 1.0),
        (1e-9, 3.0),
        (0.3, 1 - 1e-15),
        (0.3, 1 + 1e-15),
        (6.0, 0.999),
        (8.0, 1.0),
    ]
    points += [(2.5, 1e-12), (1e-3, 1e6), (37.0, 0.5), (0.7, 9.0), (1.9, 3.2), (4.0, 1.5)]
    for x, a in points:
        with mpmath.workdps(40):
            end = mpmath.mpf(a)
            pieces = [0, end / 8, end / 2, end] if a < 20 else [0, 1, 4, 16, 256, end]

            at = mpmath.mpf(x)

            def density(u, x=at):
                return mpmath.exp(-(x**2) * (1 + u**2) / 2) / (1 + u**2)

            expected = float(mpmath.quad(density, pieces) / (2 * mpmath.pi))
        found = owens_t(torch.tensor(x), torch.tensor(a)).item()
        assert abs(found - expected) < 1e-14


def test_owens_t_is_scipys_on_random_points_to_1e_15():
    chance = np.random.default_rng(0)
    x, a = 3 * chance.standard_normal(20_000), np.tan(1.57 * chance.uniform(-1, 1, 20_000))
    found = owens_t(torch.tensor(x), torch.tensor(a)).numpy()
    np.testing.assert_allclose(found, special.owens_t(x, a), atol=1e-15, rtol=0)


def slow_sums(h, masses, r, kept, factors):
    """`series_sums` by `pair_moments`, one pair after the other."""
    one = torch.ones(1)
    see = pair_moments(h[:, None], h[None], one, one, Correlation.of(r[..., None]))
    on = torch.einsum("jkg,jk,k,g->jg", see.first_on, kept, factors, masses)
    return (see.product @ masses) * kept, (see.both @ masses) * kept, on


@pytest.mark.parametrize("terms", [n for n in LENGTHS if n])
def test_the_series_leaves_out_no_more_than_its_bound(terms):
    """All correlations at the edge of the reach, both signs, where the remainder is largest."""
    chance = torch.Generator().manual_seed(terms)
    h = 1.5 * torch.randn(5, 20, generator=chance)
    masses = torch.rand(20, generator=chance)
    masses, factors = masses / masses.sum(), torch.randn(5, generator=chance)
    kept = 1 - torch.eye(5)
    for tolerance in (1e-3, 1e-9, EPS):
        rho = reach(terms, tolerance)
        for r in (rho * kept, -rho * kept):
            found = series_sums(h, masses, r, kept, factors, terms)
            expected = slow_sums(h, masses, r, kept, factors)
            for left, right in zip((found.product, found.both, found.on), expected, strict=True):
                scale = max(1.0, right.abs().max().item())
                assert (left - right).abs().max() <= 5 * tolerance + 20 * EPS * scale


def test_fewer_terms_are_seen():
    """A series one chunk too short misses the tolerance: the bound is no idle one."""
    h, masses, factors = torch.zeros(2, 1), torch.ones(1), torch.ones(2)
    kept = 1 - torch.eye(2)
    rho = reach(6 * CHUNK, 1e-12)
    both = [
        series_sums(h, masses, rho * kept, kept, factors, n * CHUNK).both[0, 1] for n in (6, 5)
    ]
    exact = 0.25 + math.asin(rho) / (2 * math.pi)
    assert abs(both[0] - exact) < 1e-12 < 2e-12 < abs(both[1] - exact)


@every_law
def test_sums_do_not_depend_on_how_many_terms_the_series_has(law, monkeypatch):
    net = network(law)
    groups = Atoms(law, 0, net.w).groups(net.w)
    sums = []
    for terms in LENGTHS:
        choice = terms, reach(terms, EPS) if terms else 0.0
        monkeypatch.setattr(_pairs, "_cheapest", lambda *_, c=choice: c)
        sums.append(pair_sums(net.a, net.w, net.b, groups, 0.8, 0.6))
    for other in sums[1:]:
        for name in ("product", "on", "both"):
            left, right = getattr(sums[0], name), getattr(other, name)
            torch.testing.assert_close(left, right, rtol=1e-14, atol=1e-14)


def test_blocks_of_rows_and_vertices_change_nothing(monkeypatch):
    law, net = HypercubeLaw.parity(6), network(HypercubeLaw.parity(6), 9)
    whole = flat(population_gradient(net, law=law, alpha_bar=0.5))
    monkeypatch.setattr("theorylab.parity._hermite.ROWS", 4)
    monkeypatch.setattr("theorylab.parity._hermite.CACHED", 1)
    monkeypatch.setattr("theorylab.parity._pairs.BLOCK", 40)
    pieces = flat(population_gradient(net, law=law, alpha_bar=0.5))
    torch.testing.assert_close(whole, pieces, rtol=1e-13, atol=1e-13)


def slow_gradient(net, law, coordinate, alpha_bar):
    """The formulas of `population_gradient` over all vertices and pairs, with the edge terms."""
    a, w, b = net.a, net.w, net.b
    signal, noise = math.sqrt(alpha_bar), math.sqrt(1 - alpha_bar)
    vertices, masses = law.weighted_vertices(like=w)
    norm = w.norm(dim=1)
    mean, sd, unit = signal * w @ vertices.T + b[:, None], noise * norm, w / norm[:, None]
    near = Correlation.between(unit[:, None, None], unit[None, :, None])
    see = pair_moments(mean[:, None], mean[None], sd[:, None, None], sd[None, :, None], near)
    share = masses[:, None] * vertices
    edge = ((see.first_edge @ masses) @ a)[:, None] * w
    both = (see.both @ masses) @ (a[:, None] * w)
    pull = signal * torch.einsum("jkg,k,gd->jd", see.first_on, a, share)
    pull = pull + noise**2 * (edge + both)
    pull_b = torch.einsum("jkg,k,g->j", see.first_on, a, masses)
    leaf_w, leaf_b = w.clone().requires_grad_(), b.clone().requires_grad_()
    z = (signal * leaf_w @ vertices.T + leaf_b[:, None]) / (noise * leaf_w.norm(dim=1))[:, None]
    rate = noise * leaf_w[:, coordinate] * (torch.special.ndtr(z) @ masses)
    slope_w, slope_b = torch.autograd.grad(rate.sum(), (leaf_w, leaf_b))
    product = (see.product @ masses) @ a
    return (
        2 * (product - rate.detach()),
        2 * a[:, None] * (pull - slope_w),
        2 * a * (pull_b - slope_b),
    )


@every_law
@pytest.mark.parametrize("alpha_bar", [0.0, 0.5, 0.999])
def test_gradient_is_that_of_the_slow_formulas(law, alpha_bar):
    net = network(law)
    found = population_gradient(net, law=law, coordinate=1, alpha_bar=alpha_bar)
    expected = slow_gradient(net, law, 1, alpha_bar)
    for left, right in zip(found, expected, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-13, atol=1e-13)


def test_gradient_of_neurons_that_are_always_on_or_never():
    """|h| = 1e6: what homogeneity leaves to a difference must not be lost."""
    law, net = LAWS["parity"], network(LAWS["parity"], 4)
    far = TwoLayerReLU(net.a, 1e-6 * net.w, torch.tensor([1.0, -1.0, 0.5, 2.0]))
    found = population_gradient(far, law=law, alpha_bar=0.5)
    for left, right in zip(found, slow_gradient(far, law, 0, 0.5), strict=True):
        torch.testing.assert_close(left, right, rtol=1e-13, atol=1e-14)


@every_law
def test_the_value_beside_the_gradient_is_the_loss(law):
    net = network(law)
    value, gradient = loss_and_gradient(net, setting_of(net, law, 1, 0.6))
    assert value == population_loss(net, law=law, coordinate=1, alpha_bar=0.6)
    apart = population_gradient(net, law=law, coordinate=1, alpha_bar=0.6)
    assert all(torch.equal(left, right) for left, right in zip(gradient, apart, strict=True))


def parallel(net):
    """The network with neurons 0 and 1 parallel, 2 opposite to them, 3 nearly parallel."""
    w = net.w.clone()
    w[1], w[2], w[3] = 2 * w[0], -w[0], w[0] + 1e-6 * w[4]
    return TwoLayerReLU(net.a, w, net.b)


@every_law
@pytest.mark.parametrize("change", [lambda net: net, parallel], ids=["generic", "parallel"])
def test_hessian_is_the_derivative_of_the_gradient(law, change):
    """Central differences of step 1e-5: an error of some 1e-9."""
    net, setting = change(network(law, 5)), {"law": law, "coordinate": 1, "alpha_bar": 0.6}
    rows = torch.cat((net.a[:, None], net.w, net.b[:, None]), 1)

    def gradient(state):
        moved = TwoLayerReLU(state[:, 0], state[:, 1:-1], state[:, -1])
        in_a, in_w, in_b = population_gradient(moved, **setting)
        return torch.cat((in_a[:, None], in_w, in_b[:, None]), 1).flatten()

    shifts = 1e-5 * torch.eye(rows.numel()).reshape(-1, *rows.shape)
    expected = torch.stack([gradient(rows + s) - gradient(rows - s) for s in shifts]) / 2e-5
    found = population_hessian(net, **setting)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-8)
    torch.testing.assert_close(found, found.T, rtol=1e-13, atol=1e-13)


def test_hessian_in_blocks_of_rows_is_the_same(monkeypatch):
    net, setting = network(LAWS["parity"], 5), {"law": LAWS["parity"], "alpha_bar": 0.6}
    whole = population_hessian(net, **setting)
    monkeypatch.setattr("theorylab.parity.loss_hessian.BLOCK", 1)
    torch.testing.assert_close(whole, population_hessian(net, **setting), rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("method", [LSODA, BDF, RADAU], ids=lambda method: method.name)
def test_a_jacobian_changes_the_work_and_not_the_solution(method):
    matrix = torch.tensor([[-1000.0, 999.0], [0.0, -1.0]])
    dynamics = Dynamics(lambda t, x: x @ matrix.T + 0 * t, (0.0, 2.0))
    seen = []

    def jacobian(t, x):
        seen.append(float(t))
        assert x.shape == (1, 2)
        return matrix

    run = {"method": method, "rtol": 1e-8, "atol": 1e-10}
    plain = solve_stiff(dynamics, torch.ones(1, 2), **run).end
    given = solve_stiff(dynamics, torch.ones(1, 2), jacobian=jacobian, **run).end
    expected = torch.full((1, 2), math.exp(-2.0))
    torch.testing.assert_close(given, expected, rtol=1e-5, atol=0)
    torch.testing.assert_close(plain, expected, rtol=1e-5, atol=0)
    assert seen


def test_all_outputs_have_a_jacobian_of_blocks():
    whole = TwoLayerReLU.balanced(2, 3, scale=0.3, seed=3, all_outputs=True)
    run = {"law": HypercubeLaw.parity(3), "alpha_bar": 0.5, "time": 0.5, "rtol": 1e-8}
    together = gradient_flow(whole, method=BDF, **run)
    alone = gradient_flow(whole.output(2), coordinate=2, method=BDF, **run).end
    torch.testing.assert_close(together.end.output(2).w, alone.w, rtol=1e-5, atol=1e-7)
    assert together.path.evaluations < 200


def autograd_gradient(net, x, target):
    leaves = [part.clone().requires_grad_() for part in (net.a, net.w, net.b)]
    a, w, b = leaves
    loss = (torch.relu(x @ w.T + b) @ a - target).square().mean()
    return loss.detach(), torch.autograd.grad(loss, leaves)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("count", [1, 7, 1000])
def test_batch_gradient_is_autograds(dtype, count, monkeypatch):
    monkeypatch.setattr("theorylab.parity.batches.PIECE", 3 * 40)
    chance = torch.Generator().manual_seed(0)
    net = TwoLayerReLU.balanced(40, 5, scale=0.3, seed=2)
    net = TwoLayerReLU(*(part.to(dtype) for part in (net.a, net.w, net.b)))
    x, y = (torch.randn(n, generator=chance).to(dtype) for n in ((count, 5), (count,)))
    loss, parts = batch_gradient(net.a, net.w, net.b, x, y)
    expected_loss, expected = autograd_gradient(net, x, y)
    tolerance = {"rtol": 0, "atol": 50 * torch.finfo(dtype).eps}
    torch.testing.assert_close(loss, expected_loss, rtol=50 * torch.finfo(dtype).eps, atol=0)
    for left, right in zip(parts, expected, strict=True):
        torch.testing.assert_close(left, right, **tolerance)


def test_descent_has_the_same_bits_at_any_number_of_threads():
    net, threads = TwoLayerReLU.balanced(300, 6, scale=0.3, seed=1), torch.get_num_threads()
    run = {"law": HypercubeLaw.parity(6), "alpha_bar": 0.5, "rate": 0.05, "batch": 512}
    run |= {"steps": 3, "every": 3, "seed": 4, "draws": Sobol()}
    ends = []
    for count in (1, 2):
        torch.set_num_threads(count)
        try:
            ends.append(stochastic_descent(net, **run).end)
            assert torch.get_num_threads() == count
        finally:
            torch.set_num_threads(threads)
    assert torch.equal(ends[0].w, ends[1].w)


DRAWS = [Independent(), Stratified(), Sobol()]


@pytest.mark.parametrize("draws", DRAWS, ids=lambda draws: type(draws).__name__)
@pytest.mark.parametrize("exact_linear", [True, False])
def test_sampled_gradients_surround_the_exact_one(draws, exact_linear):
    """40 estimates of 256 points: each entry of the mean within six of its standard errors.

    By Student's law with 39 degrees of freedom the false-alarm rate is 5.2e-7 an entry, 1.4e-4
    over the 42 entries and six cases; the seeds are fixed.
    """
    law, net = LAWS["parity"], network(LAWS["parity"], 7)
    setting = {"law": law, "coordinate": 1, "alpha_bar": 0.5}
    exact = flat(population_gradient(net, **setting))
    run = {"draws": draws, "count": 256, "exact_linear": exact_linear} | setting
    found = torch.stack([flat(sampled_gradient(net, seed=s, **run)) for s in range(40)])
    error = found.std(0) / math.sqrt(40)
    assert ((found.mean(0) - exact).abs() <= 6 * error + 1e-12).all()
    assert (error > 0).any()
    again = flat(sampled_gradient(net, seed=3, **run))
    assert torch.equal(again, found[3])


def test_better_draws_have_smaller_errors():
    """Root mean squares over 20 seeds at 4096 points: each at least 1.3 times the next."""
    law, net = HypercubeLaw.parity(6), TwoLayerReLU.balanced(16, 6, scale=0.3, seed=1)
    setting = {"law": law, "alpha_bar": 0.5, "count": 4096}
    exact = flat(population_gradient(net, law=law, alpha_bar=0.5))
    errors = []
    for draws in DRAWS:
        runs = [flat(sampled_gradient(net, draws=draws, seed=s, **setting)) for s in range(20)]
        errors.append((torch.stack(runs) - exact).square().sum(1).mean().sqrt())
    assert errors[0] > 1.3 * errors[1]
    assert errors[1] > 1.3 * errors[2]


def test_sobol_points_follow_the_law_of_unequal_vertices():
    law = HypercubeLaw.from_support([[1, 1], [-1, 1], [1, -1]], [0.5, 0.3, 0.2])
    vertices, masses = law.weighted_vertices(like=torch.zeros(1))
    chance = torch.Generator().manual_seed(0)
    x = Sobol().points(vertices, masses, 4096, alpha_bar=0.5, generator=chance)
    target = math.sqrt(0.5) * torch.tensor([0.4, 0.6])
    torch.testing.assert_close(x.mean(0), target, rtol=0, atol=2e-3)
    chosen, xi = Sobol().vertices_and_noise(masses, 2, 4096, chance)
    counts = torch.bincount(chosen, minlength=3) / 4096
    torch.testing.assert_close(counts, masses, rtol=0, atol=1e-3)
    torch.testing.assert_close(xi.square().mean(0), torch.ones(2), rtol=0, atol=5e-3)


def call(**changes):
    given = {"law": LAWS["parity"], "alpha_bar": 0.5, "draws": Sobol(), "count": 8, "seed": 0}
    net = changes.pop("network", network(LAWS["parity"], 3))
    return sampled_gradient(net, **(given | changes))


UNEQUAL = HypercubeLaw.from_support([[1, 1, 1, 1], [-1, 1, 1, 1]], [0.25, 0.75])
ALL = TwoLayerReLU.balanced(2, 4, scale=0.1, seed=3, all_outputs=True)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (lambda: call(network="net"), "network must be"),
        (lambda: call(network=ALL), "network must be"),
        (lambda: call(draws="sobol"), "draws must be"),
        (lambda: call(count=0), "count must be at least 1"),
        (lambda: call(draws=Stratified(), count=24), "count must be a multiple of 16, got 24"),
        (lambda: call(draws=Stratified(), law=UNEQUAL), "equal probabilities"),
        (lambda: call(seed=-1), "seed"),
        (lambda: call(coordinate=4), "coordinate must be in"),
        (lambda: population_hessian(ALL, law=LAWS["parity"], alpha_bar=0.5), "one output"),
        (
            lambda: stochastic_descent(
                network(LAWS["parity"], 3), law=LAWS["parity"], alpha_bar=0.5, rate=0.1, batch=2,
                steps=1, every=1, seed=0, draws="sobol",
            ),
            "draws must be",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_refused(bad, words):
    with pytest.raises(ValueError, match=words):
        bad()


def test_sampled_gradient_needs_a_law():
    with pytest.raises(ValueError, match="law must be"):
        sampled_gradient(
            network(LAWS["parity"], 3), law=None, alpha_bar=0.5, draws=Sobol(), count=8, seed=0
        )


@pytest.mark.parametrize("width", [3, 300])
def test_coordinates_without_weight_tell_no_vertices_apart(width: int) -> None:
    """Two columns of 0 leave two coordinates: four groups; a small and a large set of weights."""
    w = torch.randn(width, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    w[:, 2:] = 0
    groups = Atoms(LAWS["parity"], 0, w).groups(w)
    assert len(groups.masses) == 4
    assert torch.equal(groups.masses, torch.full_like(groups.masses, 0.25))
