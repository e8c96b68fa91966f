"""Transport by distribution functions: against the flow, a closed form, and 50 digits."""

import ctypes
import math

import mpmath
import pytest
import torch

from theorylab.diffusion import GaussianMixture, quantiles, solve_flow, transport_exactly
from theorylab.integrate import IntegrationError
from theorylab.native import library, transport
from theorylab.native.mixture import place

GRID = GaussianMixture.grid()
DEVIATION = math.sqrt(float(GRID.variance))
LINE = GaussianMixture([[-1.0], [0.2], [1.5]], 1e-4, [0.2, 0.5, 0.3])
HAS_LIBRARY = library() is not None
COMPILED = transport.run  # which the fixture below may replace
ENGINES = ["torch", *(["compiled"] if HAS_LIBRARY else [])]


@pytest.fixture(params=ENGINES, autouse=True)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every test of this file, by both loops."""
    if request.param == "torch":
        monkeypatch.setattr(quantiles.native, "run", quantiles.in_torch)
    return request.param


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
    with pytest.raises(ValueError, match="means must be distinct and a full grid"):
        transport_exactly(law, [[0.0, 0.0]], s_start=2.0, s_stop=1.0)
    with pytest.raises(ValueError, match="must be strictly monotone"):
        transport_exactly(GRID, [[0.0, 0.0]], s_start=2.0, s_stop=2.0)


def test_float32_is_float64_rounded() -> None:
    law = GaussianMixture(GRID.means.float(), GRID.variance.float(), GRID.weights.float())
    y = law.noised(1.0, 5.0).sample(100, seed=1)
    single = transport_exactly(law, y, s_start=5.0, s_stop=0.2)
    wide = GaussianMixture(law.means.double(), law.variance.double())
    double = transport_exactly(wide, y.double(), s_start=5.0, s_stop=0.2)
    assert single.dtype == torch.float32
    # the logarithms of the weights were taken in float32: 1e-7, and some 10 at the flanks
    torch.testing.assert_close(single.double(), double, rtol=1e-6, atol=1e-6)


def test_a_state_does_not_depend_on_its_neighbours() -> None:
    y = GRID.noised(1.0, 5.0).sample(200, seed=4)
    together = transport_exactly(GRID, y, s_start=5.0, s_stop=0.05)
    alone = [transport_exactly(GRID, row[None], s_start=5.0, s_stop=0.05) for row in y[::17]]
    assert torch.equal(torch.cat(alone), together[::17])


@pytest.mark.parametrize("share", [0.5, 1e-9, 1 - 1e-9])
def test_rare_modes_have_their_shares(share: float) -> None:
    """The quantile of a mode's share lies in the gap beside the mode, one above it beyond."""
    law = GaussianMixture([[-1.0], [1.0]], 1e-4, [share, 1 - share])
    start = law.noised(1.0, 3.0)
    y = torch.linspace(-25, 25, 4001, dtype=torch.float64)[:, None]
    end = transport_exactly(law, y, s_start=math.sqrt(9 + 1e-4), s_stop=0.01)
    s = math.sqrt(2 * float(start.variance))
    below = (start.weights * torch.special.erfc(-(y - start.means[:, 0]) / s) / 2).sum(-1)
    above = (start.weights * torch.special.erfc((y - start.means[:, 0]) / s) / 2).sum(-1)
    clear = ((below - share).abs() > 1e-12) & ((above - (1 - share)).abs() > 1e-12)
    expected = (
        torch.where(below < share, -1.0, 1.0)
        if share < 0.9
        else torch.where(above < 1 - share, 1.0, -1.0)
    )
    assert torch.equal(end[clear, 0].sign(), expected[clear])
    assert int(clear.sum()) > 3900


def test_few_steps_are_needed() -> None:
    y = GRID.noised(1.0, 5.0).sample(2000, seed=5)[:, 0].contiguous()
    places = torch.unique(GRID.means[:, 0])
    logs = torch.full_like(places, -math.log(len(places)))
    _, rounds = quantiles.native.run(y, places, logs, 5.0, DEVIATION)
    assert 2 < float(rounds.double().mean()) < 3
    assert int(rounds.max()) <= 4


def test_a_state_that_is_not_met_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(y: torch.Tensor, *_: object) -> tuple[torch.Tensor, torch.Tensor]:
        return y, torch.tensor([3, 0], dtype=torch.int32)

    monkeypatch.setattr(quantiles.native, "run", lost)
    monkeypatch.setattr(quantiles, "in_torch", lost)
    with pytest.raises(IntegrationError, match="1 states need more than 200 steps"):
        transport_exactly(LINE, [[0.0], [1.0]], s_start=1.0, s_stop=0.5)


def test_a_loop_cut_short_says_which_are_not_met(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantiles, "ROUNDS", 2)
    y = GRID.noised(1.0, 5.0).sample(100, seed=5)[:, 0]
    places, logs = quantiles.factors(GRID.means, GRID.weights.log())[0]
    _, rounds = quantiles.in_torch(y, places, logs, 5.0, DEVIATION)
    assert sorted(set(rounds.tolist())) == [0, 2]


def _log_odds(y: mpmath.mpf, s: float) -> mpmath.mpf:
    z = [(y - mpmath.mpf(place)) / s / mpmath.sqrt(2) for place in LINE.means[:, 0].tolist()]
    pairs = list(zip(map(mpmath.mpf, LINE.weights.tolist()), z, strict=True))
    low, high = (sum(w * mpmath.erfc(sign * v) for w, v in pairs) for sign in (-1, 1))
    return mpmath.log(low) - mpmath.log(high)


@pytest.mark.parametrize("ends", [(3.0, 0.3), (3.0, 0.01), (0.05, 2.0)])
def test_the_error_is_within_its_statement_and_four_times_it_is_refused(
    ends: tuple[float, float],
) -> None:
    """Found: 0.7 of it. The error by one Newton step at 60 digits from the end."""
    s, s_stop = ends
    starts = LINE.noised(1.0, math.sqrt(s**2 - 1e-4)).sample(30, seed=1)
    found = transport_exactly(LINE, starts, s_start=s, s_stop=s_stop)
    with mpmath.workdps(60):
        for start, end in zip(starts[:, 0].tolist(), found[:, 0].tolist(), strict=True):
            wanted, h = _log_odds(mpmath.mpf(start), s), mpmath.mpf(10) ** -25
            above, below = (_log_odds(end + sign * h, s_stop) for sign in (1, -1))
            slope = (above - below) / (2 * h)
            off = (_log_odds(mpmath.mpf(end), s_stop) - wanted) / slope
            bound = 2.0**-52 * (abs(end) + s_stop + (1 + abs(wanted)) / slope)
            assert abs(off) <= bound
            assert min(abs(off + 4 * bound), abs(off - 4 * bound)) > bound


@pytest.mark.skipif(not HAS_LIBRARY, reason="no C compiler here")
def test_both_loops_agree() -> None:
    """To 1e-12 of a deviation where the density is above 1e-3 of a mode's; gaps know less."""
    for law, s, s_stop in ((GRID, 5.0, DEVIATION), (LINE, 3.0, 0.01), (LINE, 0.02, 4.0)):
        start = law.noised(1.0, math.sqrt(s**2 - float(law.variance)))
        column = start.sample(2000, seed=6)[:, 0]
        y = torch.cat([column, torch.linspace(-90, 90, 201, dtype=torch.float64)])
        places, logs = quantiles.factors(law.means, law.weights.log())[0]
        one, _ = COMPILED(y, places, logs, s, s_stop)
        two, _ = quantiles.in_torch(y, places, logs, s, s_stop)
        near = ((two[:, None] - places).abs().amin(-1) < 3.7 * s_stop) | (two.abs() > 1.6)
        assert float(((one - two).abs() / (s_stop + two.abs()))[near].max()) < 1e-12


@pytest.mark.skipif(not HAS_LIBRARY, reason="no C compiler here")
def test_mills_ratio_against_fifty_digits() -> None:
    x = torch.cat([torch.linspace(0, 12, 1201), torch.logspace(1, 5, 200)]).double()
    out = torch.empty_like(x)
    transport.mixture.loaded().mills_ratios(place(x), ctypes.c_long(len(x)), place(out))
    with mpmath.workdps(60):
        for value, found in zip(x.tolist(), out.tolist(), strict=True):
            wide = mpmath.mpf(value)
            if value < 1e3:
                tail = mpmath.erfc(wide / mpmath.sqrt(2)) * mpmath.sqrt(mpmath.pi / 2)
                exact = tail * mpmath.exp(wide**2 / 2)
            else:  # the asymptotic series, whose next term is below 1e-25
                exact = (1 - 1 / wide**2 + 3 / wide**4 - 15 / wide**6 + 105 / wide**8) / wide
            assert abs(found / exact - 1) < 5e-16
