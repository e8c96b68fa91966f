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


_LATER = "not implemented in this version: "

NOT_CHECKED = (
    NotChecked(
        "Mode interpolation",
        "A learned, smoothed score puts samples between the nearest modes.",
        _LATER + "smoothed scores and their interpolation laws",
    ),
    NotChecked(
        "Detection",
        "The variance of the predicted clean sample along the trajectory finds hallucinations.",
        _LATER + "trajectory variance and its null law",
    ),
    NotChecked(
        "Recursive training",
        "Training on generated samples amplifies hallucinations; filtering slows it.",
        _LATER + "training of score networks over generations",
    ),
    NotChecked(
        "Shapes, hands",
        "Images of shapes with impossible combinations, hands with six fingers.",
        _LATER + "the data sets are images; the hands are not public",
    ),
)
