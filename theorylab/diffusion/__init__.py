"""Diffusion on Gaussian mixtures, where every score, law and sample is exact.

Notation: x_t = alpha_t x_0 + sigma_t n; y = x / alpha_t; s^2 = variance + sigma_t^2 / alpha_t^2.

This package integrates nothing (see `theorylab.integrate`) and judges nothing (see
`theorylab.claims`).
"""

from theorylab.diffusion.affine import AffineMap, best_affine_fit, mean_square
from theorylab.diffusion.bisector import BisectorCoordinate
from theorylab.diffusion.clock import (
    ClockDrift,
    clock,
    clock_dynamics,
    clock_reverse,
    deviation_at,
)
from theorylab.diffusion.confinement import (
    brownian_confinement,
    confinement_bound,
    linear_confinement,
    return_bound,
    terminal_bound,
)
from theorylab.diffusion.denoiser import Denoiser, GaussianDenoiser, MultiDeltaDenoiser
from theorylab.diffusion.descent import (
    AffineDescent,
    one_layer_gain,
    one_layer_half_time,
    two_layer_gain,
    two_layer_half_time,
)
from theorylab.diffusion.detection import trajectory_variance
from theorylab.diffusion.discrete import (
    ddim_contraction,
    ddim_step,
    ddpm_step,
    linear_nodes,
    quadratic_nodes,
    take_step,
    with_final_steps,
)
from theorylab.diffusion.dynamics import forward, probability_flow, reverse, start_law
from theorylab.diffusion.escape import (
    AncestralChain,
    cut_bound,
    growths,
    linear_masses,
    terminal_probability,
)
from theorylab.diffusion.exact_sampler import euler_maruyama, sample_mixture
from theorylab.diffusion.flow import DOPRI5_EACH, Flow, solve_flow
from theorylab.diffusion.gains import (
    euler_gain,
    euler_sample,
    flow_gain,
    heun_gain,
    heun_sample,
    karras_nodes,
)
from theorylab.diffusion.geometry import (
    Ball,
    Bisector,
    Segment,
    Tube,
    dominance_margin,
    nearest_pair,
)
from theorylab.diffusion.laws import ReverseLaw, offset_law, reverse_law, sample_exactly
from theorylab.diffusion.linearity import (
    expected_disagreement,
    generalisation_score,
    linearity_defect,
    linearity_score,
    nonlinearity,
    score_difference,
)
from theorylab.diffusion.mixture import GaussianMixture
from theorylab.diffusion.network_sampler import sample_network
from theorylab.diffusion.observables import (
    Outcome,
    classification_radius,
    classify,
    distance_to_nearest_segment,
    rates,
    rescaled,
)
from theorylab.diffusion.preconditioning import (
    EDMPreconditioning,
    PreconditionedDenoiser,
    Preconditioning,
    VEPreconditioning,
)
from theorylab.diffusion.quadrature import hermite_rule, lattice_rule, mixture_moments
from theorylab.diffusion.quantiles import TRANSPORT, transport_exactly
from theorylab.diffusion.samplers import Hybrid, Plan, Restart, ddim_sample, sample
from theorylab.diffusion.schedule import (
    DDPMSchedule,
    EDMSchedule,
    LinearVPSchedule,
    Schedule,
    VPSchedule,
)
from theorylab.diffusion.score import (
    Blocked,
    ExactScore,
    Score,
    denoiser_from_epsilon,
    denoiser_from_score,
    epsilon_from_denoiser,
    epsilon_from_score,
    score_from_denoiser,
    score_from_epsilon,
)
from theorylab.diffusion.smoothing import (
    Floor,
    HardSigmoidScore,
    Inflate,
    SmoothedScore,
    Smoothing,
    Temper,
    lipschitz_cap,
)
from theorylab.diffusion.steps import (
    DDIM,
    FIXED_LARGE,
    FIXED_SMALL,
    Ancestral,
    DriftAndNoise,
    EulerMaruyama,
    Family,
    Step,
)

__all__ = [
    "DDIM",
    "DOPRI5_EACH",
    "FIXED_LARGE",
    "FIXED_SMALL",
    "TRANSPORT",
    "AffineDescent",
    "AffineMap",
    "Ancestral",
    "AncestralChain",
    "Ball",
    "Bisector",
    "BisectorCoordinate",
    "Blocked",
    "ClockDrift",
    "DDPMSchedule",
    "Denoiser",
    "DriftAndNoise",
    "EDMPreconditioning",
    "EDMSchedule",
    "EulerMaruyama",
    "ExactScore",
    "Family",
    "Floor",
    "Flow",
    "GaussianDenoiser",
    "GaussianMixture",
    "HardSigmoidScore",
    "Hybrid",
    "Inflate",
    "LinearVPSchedule",
    "MultiDeltaDenoiser",
    "Outcome",
    "Plan",
    "PreconditionedDenoiser",
    "Preconditioning",
    "Restart",
    "ReverseLaw",
    "Schedule",
    "Score",
    "Segment",
    "SmoothedScore",
    "Smoothing",
    "Step",
    "Temper",
    "Tube",
    "VEPreconditioning",
    "VPSchedule",
    "best_affine_fit",
    "brownian_confinement",
    "classification_radius",
    "classify",
    "clock",
    "clock_dynamics",
    "clock_reverse",
    "confinement_bound",
    "cut_bound",
    "ddim_contraction",
    "ddim_sample",
    "ddim_step",
    "ddpm_step",
    "denoiser_from_epsilon",
    "denoiser_from_score",
    "deviation_at",
    "distance_to_nearest_segment",
    "dominance_margin",
    "epsilon_from_denoiser",
    "epsilon_from_score",
    "euler_gain",
    "euler_maruyama",
    "euler_sample",
    "expected_disagreement",
    "flow_gain",
    "forward",
    "generalisation_score",
    "growths",
    "hermite_rule",
    "heun_gain",
    "heun_sample",
    "karras_nodes",
    "lattice_rule",
    "linear_confinement",
    "linear_masses",
    "linear_nodes",
    "linearity_defect",
    "linearity_score",
    "lipschitz_cap",
    "mean_square",
    "mixture_moments",
    "nearest_pair",
    "nonlinearity",
    "offset_law",
    "one_layer_gain",
    "one_layer_half_time",
    "probability_flow",
    "quadratic_nodes",
    "rates",
    "rescaled",
    "return_bound",
    "reverse",
    "reverse_law",
    "sample",
    "sample_exactly",
    "sample_mixture",
    "sample_network",
    "score_difference",
    "score_from_denoiser",
    "score_from_epsilon",
    "solve_flow",
    "start_law",
    "take_step",
    "terminal_bound",
    "terminal_probability",
    "trajectory_variance",
    "transport_exactly",
    "two_layer_gain",
    "two_layer_half_time",
    "with_final_steps",
]
