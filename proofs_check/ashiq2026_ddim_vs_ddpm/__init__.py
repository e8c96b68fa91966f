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


_LATER = "not implemented in this version: "

NOT_CHECKED = (
    NotChecked(
        "Figure E.14 (distance a*)",
        "The distance beyond which rollouts of the learned sampler do not return.",
        "it is measured on the learned sampler and used with the drift of the exact score: a "
        "hypothesis about one process, tested on another; our claims scan a* with the exact one",
    ),
    NotChecked(
        "Figures 1(a), 3, 5, E.10, E.11, E.13, E.14, E.16, F.17, Table I.1",
        "The learned score hallucinates more under DDIM than under DDPM.",
        _LATER + "training of score networks, and the images of triangles",
    ),
)
