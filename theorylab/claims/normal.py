r"""Rigorous float64 bounds on the normal distribution function and density, on arrays.

Notation: Phi and phi; nodes y_k = k/256, |y_k| <= 9, x = y_k + t with |t| <= 1/512.

The values at the nodes are made by ball arithmetic, right to the last bit or its neighbour.
Between the nodes stands the Taylor polynomial of degree 3, with a remainder of at most
max|Phi''''| t^4/24 < 0.56/(24 * 512^4) < 4e-13 for Phi and max|phi''''| t^4/24 < 1.2/(24 * 512^4)
< 8e-13 for phi; rounding adds less than 1e-14. Beyond |x| = 9 the values at 9 are taken, which are
within 2e-18.
"""

from functools import cache

import numpy as np
from flint import arb

from theorylab.claims.bulk import Interval
from theorylab.claims.enclosure import precision

PER_UNIT = 256
REACH = 9
OFF_BELOW = 5e-13
OFF_DENSITY = 1e-12


def below(x: Interval) -> Interval:
    """Phi, which increases."""
    return Interval(_below(x.low) - OFF_BELOW, _below(x.high) + OFF_BELOW)


def density(x: Interval) -> Interval:
    """Phi', which decreases with the distance from 0."""
    near = np.where((x.low <= 0) & (x.high >= 0), 0.0, np.minimum(np.abs(x.low), np.abs(x.high)))
    far = np.maximum(np.abs(x.low), np.abs(x.high))
    return Interval(_density(far) - OFF_DENSITY, _density(near) + OFF_DENSITY)


@cache
def _nodes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The nodes, Phi and phi there; the floats are the midpoints of balls of 80 bits."""
    places = [arb(k) / PER_UNIT for k in range(-REACH * PER_UNIT, REACH * PER_UNIT + 1)]
    with precision(80):
        root = (2 * arb.pi()).sqrt()
        phi = [float((-(y * y) / 2).exp() / root) for y in places]
        Phi = [float((-y / arb(2).sqrt()).erfc() / 2) for y in places]
    return np.array([float(y) for y in places]), np.array(Phi), np.array(phi)


def _local(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The index of the nearest node and the distance from it."""
    clipped = np.clip(x, -REACH, REACH)
    index = np.rint(clipped * PER_UNIT)
    return index.astype(np.int64) + REACH * PER_UNIT, clipped - index / PER_UNIT


def _below(x: np.ndarray) -> np.ndarray:
    places, Phi, phi = _nodes()
    k, t = _local(x)
    y = places[k]
    return Phi[k] + phi[k] * t * (1 + t * (-y / 2 + t * (y * y - 1) / 6))


def _density(x: np.ndarray) -> np.ndarray:
    places, _, phi = _nodes()
    k, t = _local(x)
    y = places[k]
    return phi[k] * (1 - t * (y - t * ((y * y - 1) / 2 - t * (y * y - 3) * y / 6)))
