"""Hallucinations as mode interpolation.

Notation: y = x_0 + sigma n with n ~ N(0, I); p_sigma the law of y; D(y, sigma) = E[x_0 | y] the
denoiser; s^2 the variance of a mode, v = s^2 + sigma^2; F_sigma the distribution function of
p_sigma in one dimension.

Of this paper a summary and the authors' code were read, not the text: no claim here states a
formula as the paper's own.
"""

from theorylab.claims import NotChecked, Paper, Reading, Source

PAPER = Paper(
    key="aithal2024_mode_interpolation",
    title="Understanding Hallucinations in Diffusion Models through Mode Interpolation",
    authors="Sumukh K. Aithal, Pratyush Maini, Zachary C. Lipton, J. Zico Kolter",
    year=2024,
    arxiv="2406.09358",
    version="NeurIPS 2024, from a summary",
    short="Aithal et al. 2024",
)


def read_at(item: str) -> Source:
    """A place of the paper that is known from a summary and from the released code."""
    return PAPER.at(item, reading=Reading.SUMMARISED)


NOT_CHECKED = (
    NotChecked(
        "A8 (numbers of the experiments)",
        "The reported rates: how many of 1e8 samples hallucinate, ratios per generation, windows.",
        "known from a summary only; our own runs have other sizes, and nothing is compared",
    ),
    NotChecked(
        "A8(ii) (number of training points)",
        "Fewer training points give more hallucinations.",
        "confounded in the released code: the epochs are fixed, so the number of optimiser steps"
        " grows with the data; needs trainings at the size of the paper",
    ),
    NotChecked(
        "Rotated grid (spacing)",
        "Rotating the grid removes hallucinations along the axes.",
        "the released rotated set changes the spacing too; that the smoothed score of a rotated"
        " grid acts along the grid's own axes is checked",
    ),
    NotChecked(
        "Detection (windows of 5, 15 and 20 steps)",
        "The receiver's curves of further windows, under the floor 0.1 and the inflation 0.05.",
        "those of 8, 10 and 50 steps are checked under the floor; under the inflation one run in"
        " 800 hallucinates, and the rate at the threshold of the null law is not known beforehand",
    ),
    NotChecked(
        "Detection (learned score)",
        "On a trained network the trajectory variance separates the chain's few hallucinations.",
        "about two in ten thousand runs hallucinate: the default run cannot bound a rate",
    ),
    NotChecked(
        "Learned score (size of the smoothing)",
        "The slopes of a trained network correspond to an inflation between 0.03 and 0.06.",
        "one number cannot stand for a network: the slopes and the density at the midpoints are"
        " checked instead",
    ),
    NotChecked(
        "Schedule (steps that are pure noise)",
        "At 704 of the 1000 raw indices abar is below 1e-4, so T is not comparable with that"
        " of the usual schedule.",
        "a property of two numbers of the schedule; claims start their chains where it matters",
    ),
    NotChecked(
        "Released code (seed of the data)",
        "The generator of the data is seeded by the operating system, whatever --seed says.",
        "about that repository, not about a theorem; our data are fixed by seeds",
    ),
    NotChecked(
        "Detection (more than 95 per cent removed, 96 per cent kept)",
        "The reported pair of rates of the detector.",
        "it belongs to networks that are not public; ours are measured under stated scores",
    ),
    NotChecked(
        "Recursive training at full size",
        "Five generations of 100 000 points on the 25-mode grid, with and without the filter.",
        "needs an accelerator: theorylab.learn.recursion --size paper",
    ),
    NotChecked(
        "Shapes (trained network)",
        "A network trained on 5000 images of shapes draws two shapes in a column.",
        "a network for 64 x 64 images needs an accelerator; the exact denoiser is checked",
    ),
    NotChecked(
        "Hands",
        "Hands with six fingers, and a detector that finds about 80 per cent of them.",
        "neither the 5000 images nor the code is public",
    ),
    NotChecked(
        "MNIST (recursive training)",
        "Training on generated digits amplifies hallucinated digits.",
        "no code is public, and what counts as a hallucinated digit is not stated",
    ),
)
