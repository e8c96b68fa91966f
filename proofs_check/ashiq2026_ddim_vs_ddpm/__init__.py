"""Why DDIM hallucinates more than DDPM: reverse dynamics on Gaussian mixtures.

Notation: y = x / sqrt(abar_t), s_t the effective deviation, u = ln(s_T/s_t) the clock, mbar the
expected mean; (i, j) the two nearest modes at distance ell, L their segment, p the coordinate
along it (0 and 1 at its ends), z the transverse part.

The text that was read had lost its inline formulas: every formula below is a reconstruction from
the surviving text and the proofs (`read_at`), and no claim speaks of what is printed where only
the reconstruction is known. Only words that survived are cited as printed.
"""

from theorylab.claims import NotChecked, Paper, Reading, Source

PAPER = Paper(
    key="ashiq2026_ddim_vs_ddpm",
    title="Why DDIM Hallucinates More Than DDPM: A Theoretical Analysis of Reverse Dynamics",
    authors="Ashiq et al.",
    year=2026,
    arxiv="2605.06831",
    version="ICML 2026",
    short="Ashiq et al. 2026",
)


def read_at(item: str) -> Source:
    """An item of the paper whose formula had to be reconstructed."""
    return PAPER.at(item, reading=Reading.RECONSTRUCTED)


NOT_CHECKED = (
    NotChecked(
        "Figure E.14 (distance a*)",
        "The distance beyond which rollouts of the learned sampler do not return.",
        "it is measured on the learned sampler and used with the drift of the exact score: a "
        "hypothesis about one process, tested on another; our claims scan a* with the exact one",
    ),
    NotChecked(
        "Figures 1(a), 3, 5, E.11, E.13 and Table I.1, the network of the plane",
        "The two-dimensional network of the paper hallucinates more under DDIM than under DDPM.",
        "one-dimensional networks of a row are checked instead; the training of 100,000 batches "
        "of 10,000 is a script for a GPU, benchmarks/gpu/train_ddim_vs_ddpm.py",
    ),
    NotChecked(
        "Figure E.16",
        "The learned rate against the number of steps, the variance and the distance.",
        "needs a network for each of eleven settings; what is checked is that the variance and "
        "the distance are one family",
    ),
    NotChecked(
        "Figures E.10, F.17",
        "Images with other than three triangles appear more often under DDIM.",
        "the generator of the images is not in the released code, and a U-Net on 10,000 images "
        "needs a GPU",
    ),
)
