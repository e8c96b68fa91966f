"""Laws on the hypercube {-1, 1}^d, and networks that learn to denoise them.

Notation: A = alpha_bar, s = sqrt(A), nu = sqrt(1 - A), x = s v + nu xi with v on the cube and xi
standard normal; m_I = E[prod_{i in I} v_i].
"""

from theorylab.parity.axis import (
    AxisOptimum,
    axis_activation,
    axis_curvature,
    axis_growth,
    best_axis_bias,
    stationary_biases,
    transverse_curvature,
)
from theorylab.parity.batches import (
    Draws,
    Independent,
    Sobol,
    Stratified,
    sampled_gradient,
)
from theorylab.parity.curvature import (
    growth_rate_hessian,
    growth_rate_on_sphere,
    growth_rate_sphere_hessian,
)
from theorylab.parity.descent import DescentPath, stochastic_descent
from theorylab.parity.dyck import DyckLaw
from theorylab.parity.escape import escape_exponent, escape_rate
from theorylab.parity.families import FiniteLaw, ParityLaw
from theorylab.parity.growth import growth_rate, growth_rate_gradient
from theorylab.parity.laws import HypercubeLaw
from theorylab.parity.ldr import (
    dependency_ratios,
    local_dependency_ratio,
    ratio_of_means,
    saliency_map,
    zeroth_order_ratios,
)
from theorylab.parity.loss_hessian import population_hessian
from theorylab.parity.network import TwoLayerReLU
from theorylab.parity.plateaus import linear_loss, optimal_loss, pair_loss, univariate_loss
from theorylab.parity.population import (
    population_gradient,
    population_loss,
    ratio_of_means_dependency,
)
from theorylab.parity.products import ParityProductLaw
from theorylab.parity.rendering import RenderedLaw
from theorylab.parity.stiff import BDF, LSODA, RADAU, Stiff
from theorylab.parity.training import (
    DirectionPath,
    TrainingPath,
    direction_flow,
    gradient_flow,
    surrogate_flow,
)
from theorylab.parity.words import EqualSumsLaw, FiniteWordLaw, WordLaw

__all__ = [
    "BDF",
    "LSODA",
    "RADAU",
    "AxisOptimum",
    "DescentPath",
    "DirectionPath",
    "Draws",
    "DyckLaw",
    "EqualSumsLaw",
    "FiniteLaw",
    "FiniteWordLaw",
    "HypercubeLaw",
    "Independent",
    "ParityLaw",
    "ParityProductLaw",
    "RenderedLaw",
    "Sobol",
    "Stiff",
    "Stratified",
    "TrainingPath",
    "TwoLayerReLU",
    "WordLaw",
    "axis_activation",
    "axis_curvature",
    "axis_growth",
    "best_axis_bias",
    "dependency_ratios",
    "direction_flow",
    "escape_exponent",
    "escape_rate",
    "gradient_flow",
    "growth_rate",
    "growth_rate_gradient",
    "growth_rate_hessian",
    "growth_rate_on_sphere",
    "growth_rate_sphere_hessian",
    "linear_loss",
    "local_dependency_ratio",
    "optimal_loss",
    "pair_loss",
    "population_gradient",
    "population_hessian",
    "population_loss",
    "ratio_of_means",
    "ratio_of_means_dependency",
    "saliency_map",
    "sampled_gradient",
    "stationary_biases",
    "stochastic_descent",
    "surrogate_flow",
    "transverse_curvature",
    "univariate_loss",
    "zeroth_order_ratios",
]
