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
        "Figure E.14 (the escape condition with a learned a*)",
        "The escape rate of the exact score up to the distance a* of a learned sampler.",
        "a hypothesis about one process, read off another: the learned a* and the escape rates of "
        "the exact score are checked, each for its own process",
    ),
    NotChecked(
        "Figures 1(a), 3, 5, E.11, E.13 and Table I.1, the network at the size of the paper",
        "The network trained on 100,000 batches of 10,000 hallucinates more under DDIM.",
        "the training needs a GPU; its script, benchmarks/gpu/train_ddim_vs_ddpm.py, was run on "
        "tiny sizes only. Checked are a network of the plane with a fiftieth of the samples for "
        "Figure 1(a), and one-dimensional networks of a row for the rest",
    ),
    NotChecked(
        "Figure E.16, the other settings",
        "The order of DDIM and DDPM at T = 2000, at distances of 40, 50, 75 and 150 deviations, "
        "in the plane, over several trainings.",
        "a network for each setting; checked are one-dimensional networks, one training seed "
        "each, at T = 500, 1000 and 3000 and at 20, 100 and 200 deviations, and that the variance "
        "and the distance are one family",
    ),
    NotChecked(
        "Figures E.10, F.17",
        "Images with other than three triangles appear more often under DDIM.",
        "the generator of the images is not in the released code, so that its data cannot be made "
        "again, and a U-Net on 10,000 images needs a GPU",
    ),
)
