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
        "Assumption 4.1",
        "Two modes dominate from a time on, for every trajectory of the sampler.",
        _LATER + "first crossing and last failure along sampled trajectories",
    ),
    NotChecked(
        "Theorem 4.2 (probability)",
        "The distance to the segment is small with high probability over the start.",
        _LATER + "the tail of the start law",
    ),
    NotChecked("Corollary 4.3", "A trajectory stays in the tube it entered.", _LATER + "the tube"),
    NotChecked(
        "Proposition 4.5, Corollary 4.6",
        "Stable equilibria near the modes, and tracking of them.",
        _LATER + "the mode ball certificate",
    ),
    NotChecked(
        "Proposition 4.7 (2)",
        "Trajectories that start near the midpoint stay near it for a finite time.",
        _LATER + "the trap certificate",
    ),
    NotChecked(
        "Equation 4, Proposition 5.1, Lemma G.6",
        "The reverse SDE leaves the neighbourhood of the bisector.",
        _LATER + "the stochastic half of the paper",
    ),
    NotChecked(
        "Lemmas G.1, G.3, G.4, G.5",
        "Score of the mixture, decomposition, parallel range, chi tail.",
        _LATER + "the score is tested in tests/, the decomposition is not",
    ),
    NotChecked(
        "Propositions B.1, C.4, C.5, C.6, D.1",
        "Unequal weights, score error, diagonals.",
        _LATER + "the appendix on weights and score errors",
    ),
    NotChecked(
        "Figures 1, 3, 4, 5 with a learned score",
        "The learned score hallucinates more under DDIM than under DDPM.",
        _LATER + "training of score networks",
    ),
)
