r"""The growth rate along the axis in ball arithmetic.

Notation: A = alpha_bar, s = sqrt(A), nu = sqrt(1 - A); G(D) = (Phi((D+s)/nu) + Phi((D-s)/nu))/2,
g(D) = G(D)/sqrt(1 + D^2), half of the paper's f; R(D) = (1 + D^2) G'(D) - D G(D), which has the
sign of g'(D) = R(D)/(1 + D^2)^(3/2).

Nothing here is shared with `theorylab.parity`, so that the two are independent routes.
"""

from flint import arb


def below(x: arb) -> arb:
    """Phi(x)."""
    return (-x / arb(2).sqrt()).erfc() / 2


def density(x: arb) -> arb:
    """phi(x)."""
    return (-(x**2) / 2).exp() / (2 * arb.pi()).sqrt()


def activation(D: arb, one_minus: arb) -> arb:
    """G(D) at 1 - A."""
    s, nu = (1 - one_minus).sqrt(), one_minus.sqrt()
    return (below((D + s) / nu) + below((D - s) / nu)) / 2


def slope_of_activation(D: arb, one_minus: arb) -> arb:
    """G'(D) at 1 - A."""
    s, nu = (1 - one_minus).sqrt(), one_minus.sqrt()
    return (density((D + s) / nu) + density((D - s) / nu)) / (2 * nu)


def share(D: arb, one_minus: arb) -> arb:
    """g(D) at 1 - A."""
    return activation(D, one_minus) / (1 + D**2).sqrt()


def ascent(D: arb, one_minus: arb) -> arb:
    """R(D) at 1 - A."""
    return (1 + D**2) * slope_of_activation(D, one_minus) - D * activation(D, one_minus)


def slope_of_ascent(D: arb, one_minus: arb) -> arb:
    """R'(D) = D G'(D) + (1 + D^2) G''(D) - G(D) at 1 - A."""
    s, nu = (1 - one_minus).sqrt(), one_minus.sqrt()
    up, down = (D + s) / nu, (D - s) / nu
    bend = -(up * density(up) + down * density(down)) / (2 * one_minus)
    slope = slope_of_activation(D, one_minus)
    return D * slope + (1 + D**2) * bend - activation(D, one_minus)
