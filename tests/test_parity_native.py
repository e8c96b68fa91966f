"""The compiled exact gradient against torch, against mpmath, and against its own stated error.

The stated error is 1e-14 of the largest term. `moved` results are off by four times that.
"""

import math

import mpmath
import pytest
import torch
from torch.autograd import forward_ad

from theorylab.native import library, pairs
from theorylab.parity import HypercubeLaw, TwoLayerReLU, population_gradient, population_loss
from theorylab.parity import population as module
from theorylab.parity._pairs import Atoms, pair_sums

ERROR = 1e-14
needs_compiler = pytest.mark.skipif(library() is None, reason="no C compiler on this machine")
pytestmark = needs_compiler
LAWS = {"parity": HypercubeLaw.parity(4), "parity of 7": HypercubeLaw.parity(7)}
LAWS["brackets"] = HypercubeLaw.dyck(6)
every_law = pytest.mark.parametrize("law", LAWS.values(), ids=LAWS)


def generic(law):
    return TwoLayerReLU.balanced(20, law.dimension, scale=0.7, seed=1)


def copies(law):
    """Correlations of 1 and -1, and 1 - |r| of 1e-16 to 0.5."""
    net = generic(law)
    w = net.w.clone()
    w[1], w[2] = 2 * w[0], -w[0]
    for n in range(3, 20):
        w[n] = (-1) ** n * (w[0] + 10 ** (-8 + n / 2.5) * w[n])
    return TwoLayerReLU(net.a, w, net.b)


def far(law):
    """Neurons always on, never, and with a kink at some |h| of 9 to 1e6."""
    net = generic(law)
    size = torch.logspace(-6, 1, 20)
    return TwoLayerReLU(net.a, net.w * size[:, None], net.b)


def alike(law):
    """Columns that are equal or 0: fewer groups than vertices."""
    net = generic(law)
    w = net.w.clone()
    w[:, 2:-1], w[:, -1] = w[:, 1:2], 0
    return TwoLayerReLU(net.a, w, torch.zeros_like(net.b))


NETWORKS = [generic, copies, far, alike]
every_network = pytest.mark.parametrize("make", NETWORKS, ids=lambda make: make.__name__)


def both_ways(net, law, alpha_bar, monkeypatch):
    found = population_gradient(net, law=law, coordinate=1, alpha_bar=alpha_bar)
    value = population_loss(net, law=law, coordinate=1, alpha_bar=alpha_bar)
    monkeypatch.setattr(module, "takes", lambda _: False)
    expected = population_gradient(net, law=law, coordinate=1, alpha_bar=alpha_bar)
    return (*found, value), (
        *expected,
        population_loss(net, law=law, coordinate=1, alpha_bar=alpha_bar),
    )


def close(found, expected, error):
    """Every part within the error, of the largest entry or 1."""
    return all(
        bool((left - right).abs().max() <= error * max(1.0, right.abs().max().item()))
        for left, right in zip(found, expected, strict=True)
    )


@every_law
@every_network
@pytest.mark.parametrize("alpha_bar", [0.0, 0.5, 0.99])
def test_gradient_and_loss_are_those_of_torch(law, make, alpha_bar, monkeypatch):
    found, expected = both_ways(make(law), law, alpha_bar, monkeypatch)
    assert close(found, expected, ERROR)
    moved = [part + 4 * ERROR * part.abs().max().clamp(min=1) for part in found]
    assert not close(moved, expected, ERROR)


@every_law
@every_network
def test_sums_are_those_of_torch(law, make):
    net = make(law)
    groups = Atoms(law, 1, net.w).groups(net.w)
    expected = pair_sums(net.a, net.w, net.b, groups, 0.8, 0.6)
    parts = groups.vertices, groups.masses, groups.means, groups.alike
    found = pairs.run((net.a, net.w, net.b), parts, 1, 0.8, 0.6)
    for name in ("product", "on", "both"):
        assert close([getattr(found, name)], [getattr(expected, name)], 10 * ERROR), name


def single(h, k, r, q):
    """Two neurons with standardised means h and k of correlation r on one vertex of mass 1."""
    a, w = torch.ones(2), torch.tensor([[1.0, 0.0], [r, q]])
    vertex, mass = torch.zeros(1, 2), torch.ones(1)
    parts = vertex, mass, vertex, torch.arange(2)
    return pairs.run((a, w, torch.tensor([h, k])), parts, 0, 0.0, 1.0)


EDGES = [edge for n in pairs.RULES.values() for edge in (n - 1e-9, n + 1e-9)]


def joint_at_twenty_digits(h, k, r, q):
    """P(U > 0, V > 0), integrated over X = x >= -h."""
    with mpmath.workdps(20):
        h, k, r, q = (mpmath.mpf(x) for x in (h, k, r, q))
        kink = -k / r if r else mpmath.mpf(0)
        ends = sorted({-h, *(x for x in (-8, -4, -2, 0, 2, 4, 8, 14) if x > -h)})
        near = [kink + n * q for n in (-8, -3, 0, 3, 8)] if abs(r) > 0.5 else []
        ends = sorted({*ends, *(x for x in near if -h < x < 14)})
        return float(mpmath.quad(lambda x: mpmath.npdf(x) * mpmath.ncdf((k + r * x) / q), ends))


@pytest.mark.parametrize("r", [*EDGES, 0.3, 0.999, 1 - 1e-7])
def test_pair_probability_is_right_at_twenty_digits(r):
    """At both ends of every rule of Gauss and Legendre, and by Owen's function beyond."""
    for sign in (1, -1):
        for h, k in [(1.0, 1.0 + 1e-3), (-1.5, 2.0)]:
            q = math.sqrt((1 - r) * (1 + r))
            found = single(h, k, sign * r, q).both[0, 1].item()
            expected = joint_at_twenty_digits(h, k, sign * r, q)
            assert abs(found - expected) < 4e-16, (h, k, sign * r, found - expected)


def test_at_the_origin_it_is_an_arcsine():
    for r in (0.01, 0.2, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, -0.3, -0.96):
        found = single(0.0, 0.0, r, math.sqrt(1 - r * r)).both[0, 1].item()
        assert abs(found - 0.25 - math.asin(r) / (2 * math.pi)) < 2e-16


def test_copies_and_opposites_are_in_closed_form():
    """Phi(min(h, k)) at r = 1 and Phi(h) - Phi(-k), or 0, at r = -1."""
    for h, k in [(0.3, 0.9), (-1.0, 2.0), (0.5, 0.5), (-3.0, -0.2), (50.0, 1.0)]:
        least = torch.special.ndtr(torch.tensor(min(h, k))).item()
        assert abs(single(h, k, 1.0, 0.0).both[0, 1].item() - least) < 3e-16
        one, other = torch.special.ndtr(torch.tensor([h, -k])).tolist()
        assert abs(single(h, k, -1.0, 0.0).both[0, 1].item() - max(0.0, one - other)) < 3e-16


def test_too_few_nodes_are_seen(monkeypatch):
    """A rule stretched over the next one's range misses the stated error."""
    pairs._rules.cache_clear()
    monkeypatch.setattr(pairs, "RULES", {4: 0.25})
    try:
        found = single(0.5, 0.4, 0.24, math.sqrt(1 - 0.24**2)).both[0, 1].item()
    finally:
        pairs._rules.cache_clear()
    expected = joint_at_twenty_digits(0.5, 0.4, 0.24, math.sqrt(1 - 0.24**2))
    assert 4e-16 < abs(found - expected) < 1e-9


def test_float32_is_computed_in_float64_and_rounded():
    law, net = LAWS["parity"], generic(LAWS["parity"])
    small = TwoLayerReLU(*(part.to(torch.float32) for part in (net.a, net.w, net.b)))
    large = TwoLayerReLU(*(part.to(torch.float64) for part in (small.a, small.w, small.b)))
    found = population_gradient(small, law=law, alpha_bar=0.5)
    expected = population_gradient(large, law=law, alpha_bar=0.5)
    for left, right in zip(found, expected, strict=True):
        assert left.dtype == torch.float32
        torch.testing.assert_close(left.to(right), right, rtol=3e-7, atol=3e-7)


def test_bits_do_not_depend_on_the_number_of_threads():
    net, threads, ends = generic(LAWS["parity of 7"]), torch.get_num_threads(), []
    for count in (1, 2):
        torch.set_num_threads(count)
        try:
            ends.append(population_gradient(net, law=LAWS["parity of 7"], alpha_bar=0.5))
        finally:
            torch.set_num_threads(threads)
    assert all(torch.equal(left, right) for left, right in zip(*ends, strict=True))


def test_the_compiled_loop_is_what_is_called(monkeypatch):
    """By `population_gradient`; not where a derivative of the result is asked for."""
    calls, true = [], pairs.run
    monkeypatch.setattr(pairs, "run", lambda *given: calls.append(1) or true(*given))
    law, net = LAWS["parity"], generic(LAWS["parity"])
    population_gradient(net, law=law, alpha_bar=0.5)
    assert len(calls) == 1
    leaf = TwoLayerReLU(net.a, net.w.clone().requires_grad_(), net.b)
    with pytest.raises(RuntimeError, match="automatic differentiation"):
        population_loss(leaf, law=law, alpha_bar=0.5)
    assert len(calls) == 1


@pytest.mark.parametrize("law", [LAWS["parity"], LAWS["parity of 7"]], ids=["4", "7"])
def test_columns_that_are_alike_have_the_same_gradient_bit_for_bit(law):
    """Or a flow would tell apart what the symmetry of the law does not."""
    net = alike(law)
    _, rows, _ = population_gradient(net, law=law, coordinate=0, alpha_bar=0.3)
    for column in range(2, law.dimension - 1):
        assert torch.equal(rows[:, column], rows[:, 1])


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_tangents_of_forward_mode_are_carried_by_torch():
    net, law = generic(LAWS["parity"]), LAWS["parity"]
    along = torch.randn_like(net.a)
    with forward_ad.dual_level():
        dual = TwoLayerReLU(forward_ad.make_dual(net.a, along), net.w, net.b)
        loss = population_loss(dual, law=law, alpha_bar=0.3)
        tangent = forward_ad.unpack_dual(loss).tangent
    slope = population_gradient(net, law=law, alpha_bar=0.3)[0]
    assert tangent is not None
    torch.testing.assert_close(tangent, slope @ along)
