"""The local dependency ratio: Jacobians written out, conventions, estimators, bad input."""

import re

import numpy as np
import pytest
import torch

from theorylab.parity import (
    HypercubeLaw,
    dependency_ratios,
    local_dependency_ratio,
    ratio_of_means,
    saliency_map,
    zeroth_order_ratios,
)

MATRIX = torch.tensor([[1.0, 2.0, 0.0], [0.5, -1.0, 4.0], [3.0, 0.0, 0.0]], dtype=torch.float64)


def linear(x):
    return x @ MATRIX.T


def points(n, *shape, seed=0):
    return torch.randn(n, *shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("region", "expected"), [([0], 1 / 5), ([1], 1 / 17.25), ([0, 1], 6.25 / 22.25), ([2], 0.0)]
)
def test_ratio_of_a_linear_map_is_read_off_its_matrix(region, expected):
    got = local_dependency_ratio(linear, points(4, 3), region)
    assert got.shape == ()
    assert got.item() == pytest.approx(expected, rel=1e-14)
    assert ratio_of_means(linear, points(4, 3), region).item() == pytest.approx(expected)


def test_saliency_is_the_sum_of_squared_rows():
    got = saliency_map(linear, points(2, 3), [0, 1])
    torch.testing.assert_close(got, MATRIX[:2].square().sum(0).expand(2, 3))


def test_a_non_linear_network_against_the_jacobian_of_torch():
    def network(x):
        return torch.tanh(x @ MATRIX.T) * x.roll(1, -1)

    x = points(5, 3)
    jacobians = [torch.autograd.functional.jacobian(network, row[None])[0, :, 0] for row in x]
    rows = torch.stack(jacobians)[:, [0, 2]].square()
    local, total = rows[:, :, [0, 2]].sum((1, 2)), rows.sum((1, 2))
    torch.testing.assert_close(dependency_ratios(network, x, [2, 0]), local / total)
    assert ratio_of_means(network, x, [0, 2]).item() == pytest.approx(
        (local.sum() / total.sum()).item()
    )
    torch.testing.assert_close(local_dependency_ratio(network, x, [0, 2]), (local / total).mean())


@pytest.mark.parametrize(("zero", "expected"), [(1.0, 0.6), (0.0, 0.2), (0.5, 0.4), (None, 1 / 3)])
def test_zero_over_zero_follows_the_stated_convention(zero, expected):
    x = torch.tensor([[-1.0, 1.0], [-2.0, 0.0], [1.0, 0.0], [2.0, 1.0], [3.0, 1.0]])

    def mixed(x):  # first row of the Jacobian: 0 twice, once (1, 0), twice (0, 1)
        own = (x[:, :1] > 0.5) & (x[:, :1] < 1.5)
        other = x[:, :1] > 1.5
        first = torch.where(own, x[:, :1], torch.where(other, x[:, 1:], torch.zeros(1)))
        return torch.cat((first, x[:, 1:]), dim=-1)

    got = local_dependency_ratio(mixed, x, [0], zero=zero)
    assert got.item() == pytest.approx(expected)


def test_constant_networks_have_only_the_convention():
    x = points(3, 2)
    assert local_dependency_ratio(torch.zeros_like, x, [0]).item() == 1
    assert local_dependency_ratio(torch.zeros_like, x, [0], zero=0).item() == 0
    assert torch.isnan(dependency_ratios(torch.zeros_like, x, [0], zero=None)).all()
    for ratio in (ratio_of_means, lambda *a: local_dependency_ratio(*a, zero=None)):
        with pytest.raises(ValueError, match="x must hold a point"):
            ratio(torch.zeros_like, x, [0])


def test_masks_images_and_modules_are_welcome():
    module = torch.nn.Conv2d(1, 1, 3, padding=1, bias=False, dtype=torch.float64)
    x = points(2, 1, 4, 4)
    mask = torch.zeros(1, 4, 4, dtype=torch.bool)
    mask[0, :2, :2] = True
    by_mask = local_dependency_ratio(module, x, mask)
    by_entries = local_dependency_ratio(module, x, [0, 1, 4, 5])
    assert by_mask.item() == by_entries.item()
    assert 0 < by_mask.item() < 1
    assert saliency_map(module, x, mask).shape == x.shape
    assert all(p.grad is None for p in module.parameters())


def test_points_of_a_batch_do_not_meet():
    law = HypercubeLaw.parity(4)
    x = points(6, 4)

    def network(x):
        return law.noise_mean(x, alpha_bar=0.5)

    together = dependency_ratios(network, x, [1])
    alone = torch.cat([dependency_ratios(network, row[None], [1]) for row in x])
    torch.testing.assert_close(together, alone, rtol=1e-13, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_energies_are_squared_in_double_precision(dtype):
    def faint(x):
        return x * torch.tensor(1e-30, dtype=dtype) + 2e-30 * x.roll(1, -1)

    got = local_dependency_ratio(faint, points(3, 4).to(dtype), [0])
    assert got.dtype == torch.float64
    assert got.item() == pytest.approx(0.2, rel=1e-6)


def test_numpy_points_and_no_grad_mode():
    with torch.no_grad():
        got = local_dependency_ratio(linear, np.ones((2, 3)), (0,))
    assert got.item() == pytest.approx(0.2)


def test_zeroth_order_ratios_approach_the_exact_ones():
    got = zeroth_order_ratios(linear, points(2, 3), [0, 1], scale=1e-3, draws=1000, seed=3)
    torch.testing.assert_close(got, torch.full((2,), 6.25 / 22.25).double(), rtol=0.2, atol=0)
    again = zeroth_order_ratios(linear, points(2, 3), [0, 1], scale=1e-3, draws=3, seed=3)
    same = zeroth_order_ratios(linear, points(2, 3), [0, 1], scale=1e-3, draws=3, seed=3)
    assert torch.equal(again, same)


X = points(2, 3)
BAD = {
    "x must be of shape": lambda: local_dependency_ratio(linear, torch.ones(3), [0]),
    "x must be of shape (n, *shape) with n": lambda: saliency_map(linear, torch.ones(0, 3), [0]),
    "x must be finite": lambda: ratio_of_means(linear, X / 0, [0]),
    "region must hold at least one entry": lambda: local_dependency_ratio(linear, X, []),
    "region must lie in 0..2, got 3": lambda: local_dependency_ratio(linear, X, [0, 3]),
    "region must have distinct entries": lambda: local_dependency_ratio(linear, X, [1, 1]),
    "region must be at least 0, got -1": lambda: local_dependency_ratio(linear, X, [-1]),
    "region must be an integer": lambda: local_dependency_ratio(linear, X, [0.5]),
    "region must be a sequence": lambda: local_dependency_ratio(linear, X, 0),
    "region must be a mask of shape (3,)": lambda: local_dependency_ratio(
        linear, X, torch.ones(2, dtype=torch.bool)
    ),
    "zero must be in [0, 1], got 2.0": lambda: local_dependency_ratio(linear, X, [0], zero=2),
    "network must return the shape": lambda: local_dependency_ratio(lambda x: x[:, :1], X, [0]),
    "network(x) must be finite": lambda: local_dependency_ratio(lambda x: x / 0, X, [0]),
    "scale must be positive": lambda: zeroth_order_ratios(
        linear, X, [0], scale=0, draws=1, seed=0
    ),
    "draws must be at least 1": lambda: zeroth_order_ratios(
        linear, X, [0], scale=1, draws=0, seed=0
    ),
}


@pytest.mark.parametrize(("message", "call"), BAD.items(), ids=BAD)
def test_bad_input_is_named(message, call):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
