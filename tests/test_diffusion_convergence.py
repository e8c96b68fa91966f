"""Constants of the convergence to a segment, against responsibilities computed directly."""

import pytest
import torch

from theorylab.diffusion import GaussianMixture, Segment
from theorylab.diffusion.convergence import (
    farthest_mode,
    outsiders_responsibility,
    segment_bound,
)


def mixture_of(seed: int) -> GaussianMixture:
    generator = torch.Generator().manual_seed(seed)
    weights = torch.rand(6, generator=generator) + 0.1
    return GaussianMixture(torch.randn(6, 3, generator=generator), 0.2, weights / weights.sum())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_others_never_carry_more_than_the_bound_and_sometimes_nearly_that(seed: int) -> None:
    mixture = mixture_of(seed)
    generator = torch.Generator().manual_seed(seed + 10)
    y = 1.5 * torch.randn(4000, 3, generator=generator)
    squared = ((y[:, None] - mixture.means) ** 2).sum(-1)
    kappa = (squared[:, 2:].amin(1) - squared[:, :2].amin(1)) / (2 * mixture.variance)
    others = mixture.responsibilities(y)[:, 2:].sum(-1)
    bound = outsiders_responsibility(mixture, (0, 1), kappa)
    assert (others <= bound * (1 + 1e-12)).all()
    assert (others / bound).max() > 0.6


def test_one_outsider_attains_the_bound_at_a_mode_of_least_weight() -> None:
    far = GaussianMixture(torch.tensor([[0.0], [1e3], [2.0]]), 1.0, torch.tensor([0.2, 0.3, 0.5]))
    here = torch.zeros(1, 1)
    bound = outsiders_responsibility(far, (0, 1), torch.tensor(2.0))
    torch.testing.assert_close(far.responsibilities(here)[0, 2], bound, rtol=1e-12, atol=0)


def test_the_farthest_mode_is_measured_to_the_segment_with_its_ends() -> None:
    mixture = GaussianMixture(torch.tensor([[0.0, 0.0], [1.0, 0.0], [4.0, 4.0]]), 1.0)
    assert farthest_mode(mixture, (0, 1)) == pytest.approx(5.0)
    assert Segment(mixture.means[0], mixture.means[1]).transverse(mixture.means[2:]) == 4.0


def test_the_bound_joins_its_start_and_its_leak() -> None:
    start, leak = torch.tensor([2.0, 4.0]), torch.tensor([0.1, 0.2])
    torch.testing.assert_close(segment_bound(start, torch.tensor(1.0), leak, 5.0), start)
    torch.testing.assert_close(segment_bound(start, torch.tensor(0.0), leak, 5.0), 5 * leak)
    torch.testing.assert_close(
        segment_bound(start, torch.tensor(0.25), leak, 5.0), torch.tensor([0.875, 1.75])
    )


@pytest.mark.parametrize("pair", [(0, 0), (0, 6), (-1, 2)])
def test_a_pair_must_be_two_modes(pair: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="pair must"):
        farthest_mode(mixture_of(1), pair)
