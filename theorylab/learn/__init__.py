"""Learned scores: networks, objectives, a resumable training loop, recipes and shipped weights.

Notation: eps(x, t) a noise predictor, score = -eps / sigma_t.

This package judges nothing; what learned scores do is measured by claims in proofs_check.
"""

from theorylab.learn.checkpoint import (
    Card,
    load_state,
    load_weights,
    read_card,
    save_state,
    save_weights,
    shipped,
)
from theorylab.learn.denoising import DenoisingLoss, DenoisingMLP, LearnedDenoiser
from theorylab.learn.detector import Screened, screen
from theorylab.learn.network import ResidualMLP, build, parameter_count, sinusoids
from theorylab.learn.objective import (
    Draws,
    FixedData,
    MixtureData,
    NoisePrediction,
    Objective,
    RawIndices,
    UniformTimes,
)
from theorylab.learn.patches import patches
from theorylab.learn.recipe import Recipe, command, cook, shipped_network
from theorylab.learn.score import LearnedScore
from theorylab.learn.training import Cosine, LearningRate, Linear, Plan, Trained, constant, train

__all__ = [
    "Card",
    "Cosine",
    "DenoisingLoss",
    "DenoisingMLP",
    "Draws",
    "FixedData",
    "LearnedDenoiser",
    "LearnedScore",
    "LearningRate",
    "Linear",
    "MixtureData",
    "NoisePrediction",
    "Objective",
    "Plan",
    "RawIndices",
    "Recipe",
    "ResidualMLP",
    "Screened",
    "Trained",
    "UniformTimes",
    "build",
    "command",
    "constant",
    "cook",
    "load_state",
    "load_weights",
    "parameter_count",
    "patches",
    "read_card",
    "save_state",
    "save_weights",
    "screen",
    "shipped",
    "shipped_network",
    "sinusoids",
    "train",
]
