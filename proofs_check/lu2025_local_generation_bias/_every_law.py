r"""A bound on K for every law with E v_k = E v_k v_l = 0, on boxes of (s, beta, tau).

Notation: w_i = 1, h = |w_perp|, rho = 1/sqrt(1 + h^2), tau = 1 - rho^2, beta = b rho, s = sqrt(A),
nu = sqrt(1 - A), gamma = A/(1-A), u_+- = (beta +- s rho)/nu. Given v_i = +-1,

    P(w.x + b > 0) = E Phi(u_+- + k T),  k = sqrt(gamma tau),

where T = w_perp.v_perp/h has mean 0 given either value of v_i, and E T^2 = 1 over both. With a
quadratic majorant of Phi, of the curvature lam in both places, on the mean

    P <= N := (M_+(u_+) + M_-(u_-))/2 + lam gamma tau,

where M_+-(u) is Phi(u), if the tangent at u with lam is a majorant, or the line c + m u + lam u^2
(see `_majorants`). On the unit sphere K/nu = rho P / sqrt(1 + beta^2), and the largest value on
the axis is g* >= g(D) for every D. So K < nu g* there if V > 0,

    V = g(D) sqrt(1 + beta^2) - rho N.

Three sufficient conditions are tried on a box: V > 0 by its value at the middle and its
derivatives; rho < g(D) sqrt(1 + beta^2), since P <= 1; and, for tau > 0, T1 + tau L > 0 with

    T1 = g* sqrt(1 + beta^2) - G(beta) >= 0,
    L = Q'(rho^)/(1 + rho) - rho gamma lam,  Q(rho) = rho (Phi(u_+) + Phi(u_-))/2,

some rho^ in [rho, 1], where G(beta) = Q(1) and lam is one for which both tangents are majorants:
T1 + tau L is V with g* for g(D), by the mean value theorem for Q. T1 is bounded below by 0 and by
g(D) sqrt(1 + beta^2) - G(beta); so L > 0 alone suffices.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from proofs_check.lu2025_local_generation_bias._majorants import Table, table
from theorylab.claims.bulk import Interval
from theorylab.claims.normal import below, density

Pair = tuple[np.ndarray, np.ndarray]

FARTHEST = 1.47
"""|beta| at most: V >= g* sqrt(1 + beta^2) - rho > 0 beyond, as g* > 0.5639."""

THICKEST = 0.69
"""tau at most: rho < 0.5639 < g* beyond."""


@dataclass(frozen=True, eq=False)
class Level:
    """s, nu, 1/nu, gamma and the derivatives in s of 1/nu and gamma, as intervals."""

    s: Interval
    inverse: Interval
    gamma: Interval

    @staticmethod
    def of(s: Interval) -> "Level":
        """From s in [0, 1)."""
        rest = 1 - s.square()
        return Level(s, rest.sqrt().reciprocal(), s.square() * rest.reciprocal())


def bound(low: np.ndarray, high: np.ndarray, *, best: np.ndarray, levels: np.ndarray) -> Pair:
    """For `enclosed_in_bulk`; `best` is D* at the s of `levels`, where any floats are sound."""
    s, beta, tau = (Interval(low[:, k], high[:, k]) for k in range(3))
    middle = (low + high) / 2  # rounded, so that it need not be the same from both ends
    radius = np.maximum(high - middle, middle - low) * (1 + 1e-15) + 1e-300
    ms, mb, mt = (Interval(middle[:, k], middle[:, k]) for k in range(3))
    D = np.interp(middle[:, 0], levels, best)
    wide, at = Level.of(s), Level.of(ms)
    near, blame_near = _near(wide, at, beta, mb, tau, D, radius)
    far, blame_far = _far(wide, at, beta, mb, tau, mt, D, radius)
    value = np.maximum(near, far)
    use_near = (near > far) | (low[:, 2] == 0)
    return value, np.where(use_near[:, None], blame_near, blame_far)


def share_above(
    low: np.ndarray, high: np.ndarray, *, least: float, best: np.ndarray, levels: np.ndarray
) -> Pair:
    """For `enclosed_in_bulk` on s alone: g* > least."""
    value, _ = _share(
        Level.of(Interval(low[:, 0], high[:, 0])), np.interp(low[:, 0], levels, best)
    )
    return value.low - least, np.ones_like(low)


def _share(level: Level, D: np.ndarray) -> tuple[Interval, Interval]:
    """g(D) and its derivative in s."""
    root = Interval.of(np.sqrt(1 + D * D))
    scale = Interval(root.low * (1 - 1e-15), root.high * (1 + 1e-15)).reciprocal()
    up, down = (
        (Interval.of(D) + level.s) * level.inverse,
        (Interval.of(D) - level.s) * level.inverse,
    )
    value = (below(up) + below(down)) * 0.5 * scale
    turn = level.s * level.inverse.square()
    slope = density(up) * (level.inverse + up * turn) + density(down) * (
        down * turn - level.inverse
    )
    return value, slope * 0.5 * scale


def _near(
    wide: Level, at: Level, beta: Interval, mb: Interval, tau: Interval, D: np.ndarray,
    radius: np.ndarray,
) -> Pair:  # fmt: skip
    """T1 + tau L."""
    share, share_s = _share(wide, D)
    share_at, _ = _share(at, D)
    root, root_at = (1 + beta.square()).sqrt(), (1 + mb.square()).sqrt()
    up, down = (beta + wide.s) * wide.inverse, (beta - wide.s) * wide.inverse
    up_at, down_at = (mb + at.s) * at.inverse, (mb - at.s) * at.inverse
    turn = wide.s * wide.inverse.square()
    dens_up, dens_down = density(up), density(down)
    active_s = (
        dens_up * (wide.inverse + up * turn) + dens_down * (down * turn - wide.inverse)
    ) * 0.5
    active_b = (dens_up + dens_down) * wide.inverse * 0.5
    in_s = (share_s * root - active_s).size() * radius[:, 0]
    in_b = (share * beta * root.reciprocal() - active_b).size() * radius[:, 1]
    axis = (share_at * root_at - (below(up_at) + below(down_at)) * 0.5).low
    axis = np.maximum(axis - (in_s + in_b) * (1 + 1e-12), 0)  # T1 >= 0 anyway
    rho = (1 - tau).sqrt()
    hat = Interval(rho.low, np.ones_like(rho.high))
    u, d = (beta + wide.s * hat) * wide.inverse, (beta - wide.s * hat) * wide.inverse
    step = wide.s * wide.inverse
    slope = (below(u) + below(d)) * 0.5 + hat * step * (density(u) - density(d)) * 0.5
    u, d = (beta + wide.s * rho) * wide.inverse, (beta - wide.s * rho) * wide.inverse
    chart = table()
    lam = np.maximum(chart.curvature_for(u.low, u.high), chart.curvature_for(d.low, d.high))
    L = (slope * (1 + rho).reciprocal() - rho * wide.gamma * Interval.of(lam)).low
    value = np.where(L > 0, L, axis + tau.high * L * (1 + 1e-12))
    inverse = wide.inverse.high
    blame = np.stack((radius[:, 0] * inverse**2, radius[:, 1] * inverse, radius[:, 2] * 0.5), -1)
    return value, blame


def _far(
    wide: Level, at: Level, beta: Interval, mb: Interval, tau: Interval, mt: Interval,
    D: np.ndarray, radius: np.ndarray,
) -> Pair:  # fmt: skip
    """V by the mean value form, and the trivial bound."""
    share, share_s = _share(wide, D)
    share_at, _ = _share(at, D)
    rho, rho_at = (1 - tau).sqrt(), (1 - mt).sqrt()
    root, root_at = (1 + beta.square()).sqrt(), (1 + mb.square()).sqrt()
    trivial = share.low * root.low * (1 - 1e-14) - rho.high
    u, d = ((beta + wide.s * rho) * wide.inverse, (beta - wide.s * rho) * wide.inverse)
    u_at, d_at = ((mb + at.s * rho_at) * at.inverse, (mb - at.s * rho_at) * at.inverse)
    chart = table()
    lam, line, m, c = _choice(chart, u, d, u_at.low, d_at.low, at.gamma.low * mt.low)
    L = Interval.of(lam)
    parts = []
    for k, (wide_u, at_u) in enumerate(((u, u_at), (d, d_at))):
        straight = Interval.of(c[k]) + Interval.of(m[k]) * at_u + L * at_u.square()
        bent = below(at_u)
        tilt, steep = Interval.of(m[k]) + L * wide_u * 2, density(wide_u)
        on = line[k]
        parts.append((_pick(on, straight, bent), _pick(on, tilt, steep)))
    (M_up, S_up), (M_down, S_down) = parts
    N_at = (M_up + M_down) * 0.5 + L * at.gamma * mt
    value = share_at * root_at - rho_at * N_at
    turn = wide.s * wide.inverse.square()
    gamma_s = wide.s * 2 * wide.inverse.square().square()
    in_s = S_up * (rho * wide.inverse + u * turn) + S_down * (d * turn - rho * wide.inverse)
    in_s = share_s * root - rho * (in_s * 0.5 + tau * L * gamma_s)
    in_b = share * beta * root.reciprocal() - rho * (S_up + S_down) * wide.inverse * 0.5
    high = _pick(line[0], Interval.of(c[0]) + Interval.of(m[0]) * u + L * u.square(), below(u))
    low_ = _pick(line[1], Interval.of(c[1]) + Interval.of(m[1]) * d + L * d.square(), below(d))
    N = (high + low_) * 0.5 + L * wide.gamma * tau
    in_t = N * 0.5 * rho.reciprocal() + wide.s * wide.inverse * (S_up - S_down) * 0.25
    in_t = in_t - rho * wide.gamma * L
    loose = np.stack(
        (in_s.size() * radius[:, 0], in_b.size() * radius[:, 1], in_t.size() * radius[:, 2]), -1
    )
    bottom = value.low - loose.sum(-1) * (1 + 1e-12)
    inverse = wide.inverse.high
    second = np.stack(
        (radius[:, 0] * inverse**2, radius[:, 1] * inverse, radius[:, 2] * inverse**2 * 0.3), -1
    )
    return np.maximum(bottom, trivial), loose + 1e-3 * second


def _pick(mask: np.ndarray, yes: Interval, no: Interval) -> Interval:
    return Interval(np.where(mask, yes.low, no.low), np.where(mask, yes.high, no.high))


def _choice(
    chart: Table, u: Interval, d: Interval, u_at: np.ndarray, d_at: np.ndarray, k2: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """A curvature lam for each box, and for both places whether the line is used, with m and c.

    The choice is made in floats and is free; that a tangent is used only where it is a majorant is
    checked on the whole box.
    """
    best = [chart.curvature_for(x.low, x.high) for x in (u, d)]
    both = np.maximum(*best)
    cost = k2 * both + (ndtr(u_at) + ndtr(d_at)) / 2
    lam = both.copy()
    line = [np.zeros(len(lam), bool), np.zeros(len(lam), bool)]
    m, c = [np.zeros_like(lam), np.zeros_like(lam)], [np.zeros_like(lam), np.zeros_like(lam)]
    for L, slope, level in zip(chart.line_lam, chart.slope, chart.level, strict=True):
        total = k2 * L
        use = []
        for x, allowed in ((u_at, best[0]), (d_at, best[1])):
            straight = level + slope * x + L * x * x
            tangent = allowed <= L
            total = total + np.where(tangent, ndtr(x), straight) / 2
            use.append(~tangent)
        better = total < cost
        cost, lam = np.where(better, total, cost), np.where(better, L, lam)
        for k in range(2):
            line[k] = np.where(better, use[k], line[k])
            m[k], c[k] = np.where(better, slope, m[k]), np.where(better, level, c[k])
    return lam, line, m, c
