r"""The pair h_D(x) = relu(x + D) - relu(-x + D) of one noisy bit, in ball arithmetic.

Notation: x = s v + nu xi, v a fair bit; G(D) = P(x < D), Q(D) = E h_D^2. The best multiple of h_D
has the loss 1 - (2 nu G)^2 / Q. This module checks nothing.
"""

from dataclasses import dataclass

from flint import arb


@dataclass(frozen=True)
class Pair:
    """G, dG/dD, Q and dQ/dD at D > 0."""

    g: arb
    g_slope: arb
    q: arb
    q_slope: arb
    noise: arb

    @property
    def loss(self) -> arb:
        """1 - (2 nu G)^2 / Q."""
        return 1 - (2 * self.noise * self.g) ** 2 / self.q


def pair(alpha_bar: arb, bias: arb) -> Pair:
    r"""With T_k = E[|x|^k; |x| > D]: Q = T_2 + 2 D T_1 + D^2 T_0 + 4 (1 - T_2),
    Q' = 2 (T_1 + D T_0), since h_D is 2 x within and sgn(x) (|x| + D) beyond D, and E x^2 = 1.
    """
    signal, noise = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
    up, down = (bias + signal) / noise, (bias - signal) / noise
    t_0 = below(-up) + below(-down)
    t_1 = signal * (below(-down) - below(-up)) + noise * (density(up) + density(down))
    t_2 = (alpha_bar + noise**2) * t_0
    t_2 += noise * ((bias - signal) * density(up) + (bias + signal) * density(down))
    return Pair(
        g=(below(up) + below(down)) / 2,
        g_slope=(density(up) + density(down)) / (2 * noise),
        q=t_2 + 2 * bias * t_1 + bias**2 * t_0 + 4 * (1 - t_2),
        q_slope=2 * (t_1 + bias * t_0),
        noise=noise,
    )


def below(x: arb) -> arb:
    """Phi."""
    return (-x / arb(2).sqrt()).erfc() / 2


def density(x: arb) -> arb:
    """phi."""
    return (-(x**2) / 2).exp() / (2 * arb.pi()).sqrt()
