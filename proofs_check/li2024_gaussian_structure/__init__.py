"""The hidden Gaussian structure of denoisers.

Notation: y = x + sigma n with x ~ p, n ~ N(0, I); D(y) = E[x | y] the optimal denoiser; mu and
Sigma the mean and covariance of p; D_G(y) = mu + W (y - mu) with W = Sigma (Sigma + sigma^2)^-1
the Gaussian (Wiener) denoiser.
"""

from theorylab.claims import NotChecked, Paper

PAPER = Paper(
    key="li2024_gaussian_structure",
    title="Understanding Generalizability of Diffusion Models Requires Rethinking the Hidden "
    "Gaussian Structure",
    authors="Xiang Li, Yixiang Dai, Qing Qu",
    year=2024,
    arxiv="2410.24060",
    version="NeurIPS 2024, from the poster",
    short="Li, Dai and Qu 2024",
)

_LATER = "not implemented in this version: "

NOT_CHECKED = (
    NotChecked(
        "Linearity score",
        "Denoisers that generalise are nearly linear, those that memorise are not.",
        _LATER + "linearity scores of trained networks",
    ),
    NotChecked(
        "Generalisation score, strong generalisation",
        "Networks trained on disjoint halves of the data agree, and agree with D_G.",
        _LATER + "training of denoisers on images",
    ),
    NotChecked(
        "Early training, small capacity",
        "Networks pass near the Gaussian denoiser early in training or when they are small.",
        _LATER + "training of denoisers on images",
    ),
)
