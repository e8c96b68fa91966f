"""Transport by distribution functions: against the flow, a closed form, and 50 digits."""

import math

import mpmath
import pytest
import torch

from theorylab.diffusion import GaussianMixture, solve_flow, transport_exactly

GRID = GaussianMixture.grid()
DEVIATION = math.sqrt(float(GRID.variance))
LINE = GaussianMixture([[-1.0], [0.2], [1.5]], 1e-4, [0.2, 0.5, 0.3])


@pytest.mark.parametrize("law", [GRID, LINE], ids=["grid", "line"])
def test_it_is_the_flow(law: GaussianMixture) -> None:
    """The median to 1e-12, the tolerance of the flow; near separatrices both lose digits."""
    y = law.noised(1.0, 3.0).sample(300, seed=1)
    s = math.sqrt(float(law.variance))
    flow = solve_flow(law, y, s_start=3.0, s_stop=s, rtol=1e-13, atol=1e-13).end
    error = (transport_exactly(law, y, s_start=3.0, s_stop=s) - flow).norm(dim=-1)
    assert float(error.median()) < 1e-12
    assert float(error.max()) < 1e-6


def test_one_component_shrinks_by_the_ratio() -> None:
    law = GaussianMixture([[0.7]], 0.01)
    y = torch.linspace(-300, 300, 41, dtype=torch.float64)[:, None]
    end = transport_exactly(law, y, s_start=5.0, s_stop=0.1)
    torch.testing.assert_close(end, 0.7 + 0.02 * (y - 0.7), rtol=1e-13, atol=0)


def test_there_and_back() -> None:
    y = GRID.noised(1.0, 5.0).sample(200, seed=3)
    low = transport_exactly(GRID, y, s_start=5.0, s_stop=0.3)
    back = transport_exactly(GRID, low, s_start=0.3, s_stop=5.0)
    torch.testing.assert_close(back, y, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("start", [-60.0, -8.0, 0.3, 11.0, 70.0])
def test_tails_against_fifty_digits(start: float) -> None:
    """At 60 deviations the mass beyond is 1e-780, far below the smallest number of float64."""
    s, stop = 1.0, 0.5
    with mpmath.workdps(400 if abs(start) > 50 else 60):
        places = [mpmath.mpf(v) for v in LINE.means[:, 0].tolist()]
        shares = [mpmath.mpf(v) for v in LINE.weights.tolist()]

        def odds(y: mpmath.mpf, deviation: float) -> mpmath.mpf:
            z = [(y - place) / deviation / mpmath.sqrt(2) for place in places]
            low = sum(w * mpmath.erfc(-v) for w, v in zip(shares, z, strict=True))
            high = sum(w * mpmath.erfc(v) for w, v in zip(shares, z, strict=True))
            return mpmath.log(low) - mpmath.log(high)

        wanted = odds(mpmath.mpf(start), s)
        near = float(transport_exactly(LINE, [[start]], s_start=s, s_stop=stop))
        exact = mpmath.findroot(lambda y: odds(y, stop) - wanted, near)
        assert abs(near - exact) <= 1e-13 * abs(exact)


def test_what_is_no_product_law_is_refused() -> None:
    law = GaussianMixture([[0.0, 0.0], [1.0, 0.5]], 0.01)
    with pytest.raises(ValueError, match="means must be a full grid"):
        transport_exactly(law, [[0.0, 0.0]], s_start=2.0, s_stop=1.0)
    with pytest.raises(ValueError, match="must be strictly monotone"):
        transport_exactly(GRID, [[0.0, 0.0]], s_start=2.0, s_stop=2.0)
