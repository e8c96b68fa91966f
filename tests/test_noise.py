"""theorylab.noise: a path is a function of (entropy, step), whoever asks and in whatever order."""

import math

import numpy as np
import pytest
import torch

from theorylab.noise import BrownianPath


def like(n: int, d: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.zeros(n, d, dtype=dtype)


def test_equal_entropy_is_an_equal_path_in_any_order() -> None:
    shape = like(3, 2)
    forth = [BrownianPath(11).increment(k, like=shape) for k in range(4)]
    path = BrownianPath(11)
    back = [path.increment(k, like=shape) for k in (3, 2, 1, 0)][::-1]
    assert all(torch.equal(a, b) for a, b in zip(forth, back, strict=True))


@pytest.mark.parametrize("substeps", [1, 3])
def test_asking_for_the_integral_does_not_change_the_increment(substeps: int) -> None:
    path = BrownianPath(11, substeps=substeps)
    w, u = path.increment_and_integral(5, like=like(4, 3))
    assert torch.equal(w, path.increment(5, like=like(4, 3)))
    assert not torch.equal(w / 2, u)


@pytest.mark.parametrize("substeps", [1, 4])
def test_a_trajectory_is_the_same_in_every_batch(substeps: int) -> None:
    path = BrownianPath(2, substeps=substeps)
    w, u = path.increment_and_integral(9, like=like(1000, 3))
    for n in (1, 2, 17):
        few_w, few_u = path.increment_and_integral(9, like=like(n, 3))
        assert torch.equal(few_w, w[:n])
        assert torch.equal(few_u, u[:n])


def moments(columns: list[torch.Tensor]) -> np.ndarray:
    return np.cov(np.stack([c.numpy().ravel() for c in columns]))


@pytest.mark.parametrize("substeps", [1, 3])
def test_increments_and_integrals_have_the_covariance_of_brownian_motion(substeps: int) -> None:
    r"""Var W = 1, Cov(W, U) = 1/2, Var U = 1/3; neighbouring steps independent.

    200 000 samples: the standard error of a covariance of A and B is
    sqrt((Var A Var B + Cov(A, B)^2) / n); at 5 of them 20 comparisons give a false alarm with
    probability below 20 * 6e-7, and a constant that is wrong by 2 % is 6 standard errors away.
    """
    n = 200_000
    path = BrownianPath(3, substeps=substeps)
    first = path.increment_and_integral(0, like=like(n, 1))
    second = path.increment_and_integral(1, like=like(n, 1))
    block = np.array([[1, 1 / 2], [1 / 2, 1 / 3]])
    expected = np.kron(np.eye(2), block)
    spread = np.sqrt((np.outer(expected.diagonal(), expected.diagonal()) + expected**2) / n)
    assert (np.abs(moments([*first, *second]) - expected) <= 5 * spread).all()


@pytest.mark.parametrize("substeps", [2, 3, 8])
def test_substeps_are_the_fine_path_folded_by_chens_relation(substeps: int) -> None:
    """Over [0, a] and then [a, a + h]: W = W1 + W2, U = U1 + U2 + h W1, in real time units."""
    h, shape = 1 / substeps, like(5, 2)
    fine, step = BrownianPath(8), 7
    w, u = torch.zeros(5, 2), torch.zeros(5, 2)
    for j in range(substeps):
        dw, du = fine.increment_and_integral(step * substeps + j, like=shape)
        u = u + du * h**1.5 + h * w
        w = w + dw * h**0.5
    coarse = BrownianPath(8, substeps=substeps).increment_and_integral(step, like=shape)
    torch.testing.assert_close(coarse, (w, u), rtol=1e-14, atol=1e-15)


def test_integral_is_that_of_a_finely_sampled_path() -> None:
    """4096 substeps: U against the mean of the partial sums, which misses only O(1/4096)."""
    r, shape = 4096, like(50, 1)
    fine = [BrownianPath(4).increment(k, like=shape) / math.sqrt(r) for k in range(r)]
    inside = torch.stack(fine).cumsum(dim=0)
    _, u = BrownianPath(4, substeps=r).increment_and_integral(0, like=shape)
    # The difference is the sum of r independent terms w_j / 2 - h_j of size r^{-3/2} each.
    assert float((u - inside.mean(dim=0)).abs().max()) < 5 * math.sqrt(1 / 3) / r


def test_float32_is_the_rounded_float64_path() -> None:
    path = BrownianPath(1, substeps=5)
    single = path.increment_and_integral(0, like=like(6, 2, torch.float32))
    double = path.increment_and_integral(0, like=like(6, 2))
    assert all(torch.equal(s, d.float()) for s, d in zip(single, double, strict=True))
    assert single[0].dtype == torch.float32


def test_stream_is_pinned() -> None:
    """Obtained by one run with numpy 2.4.6; another value means that old entropies are void."""
    w, u = BrownianPath(2026).increment_and_integral(1, like=like(1, 2))
    assert w.tolist() == [[-1.028362698768827, -1.0167107890423055]]
    assert u.tolist() == [[-0.5516931813329198, 0.15595169987015933]]


def test_global_random_state_is_neither_read_nor_written() -> None:
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    a = BrownianPath(6).increment(0, like=like(2, 2))
    assert torch.equal(before, torch.random.get_rng_state())
    torch.manual_seed(2)
    assert torch.equal(a, BrownianPath(6).increment(0, like=like(2, 2)))


@pytest.mark.parametrize("other", [1, 2**32, 2**64, 2**128, 2**200])
def test_every_bit_of_the_entropy_counts(other: int) -> None:
    a, b = BrownianPath(0), BrownianPath(other)
    assert not torch.equal(a.increment(0, like=like(1, 1)), b.increment(0, like=like(1, 1)))


@pytest.mark.parametrize("far", [1, 2**32, 2**63])
def test_every_bit_of_the_step_counts(far: int) -> None:
    path, shape = BrownianPath(0), like(1, 1)
    assert not torch.equal(path.increment(0, like=shape), path.increment(far, like=shape))


def test_steps_do_not_overlap_however_large_the_batch() -> None:
    """Step 1 is not step 0 shifted: no value occurs twice among 1e5 of each of both streams."""
    path = BrownianPath(12)
    drawn = [path.increment_and_integral(k, like=like(50_000, 1)) for k in (0, 1)]
    values = torch.cat([w for w, _ in drawn] + [(u - w / 2) * math.sqrt(12) for w, u in drawn])
    assert len(values.round(decimals=12).unique()) == len(values)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"entropy": -1}, "entropy must be at least 0, got -1"),
        ({"entropy": 1.0}, "entropy must be an integer, got 1.0"),
        ({"entropy": True}, "entropy must be an integer, got True"),
        ({"entropy": None}, "entropy must be an integer, got None"),
        ({"entropy": 1, "substeps": 0}, "substeps must be at least 1, got 0"),
        ({"entropy": 1, "substeps": 2.0}, "substeps must be an integer, got 2.0"),
    ],
)
def test_bad_input_is_named(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BrownianPath(**arguments)


@pytest.mark.parametrize("step", [-1, 0.5])
def test_bad_step_is_named(step: float) -> None:
    with pytest.raises(ValueError, match="step must be"):
        BrownianPath(1).increment(step, like=like(1, 1))
    with pytest.raises(ValueError, match="step must be"):
        BrownianPath(1).increment_and_integral(step, like=like(1, 1))
