"""Lu et al. 2025: grammars as laws on the hypercube, and what a small ReLU network learns of them.

Notation: v in {-1, 1}^d with law p0, v_I = prod_{i in I} v_i; x = s v + nu xi with
s = sqrt(alpha_bar), nu = sqrt(1 - alpha_bar); K(w, b) the growth rate of a neuron.
"""

from theorylab.claims import NotChecked, Paper

PAPER = Paper(
    key="lu2025_local_generation_bias",
    title="Towards Understanding Text Hallucination of Diffusion Models via Local Generation Bias",
    authors="Rui Lu, Runzhe Wang, Kaifeng Lyu, Xitai Jiang, Gao Huang, Mengdi Wang",
    year=2025,
    arxiv="2503.03595",
    version="ICLR 2025",
    short="Lu et al. 2025",
)

EXPERIMENT = "an experiment with trained image models; no statement to check without its weights"

NOT_CHECKED = (
    NotChecked(
        "Section 5.2",
        "Gradient flow on the loss is unique, the loss being smooth.",
        r"it is smooth only where $(w_j, b_j) \ne 0$; that a balanced neuron never gets there has"
        " a proof of one line, which nothing here checks",
    ),
    NotChecked(
        "Appendix A.7, Figures 24 and 25 as drawn",
        "The curves of the paper's own run of 2000 neurons.",
        "noise level, optimiser and number of steps are not given; at the printed rate 1e-6 a"
        " gradient flow would need some 1e9 steps to the third stair",
    ),
    NotChecked(
        "Appendix A.7, exact flows of three and four bits to their end, and of eight at 0.8",
        "LDR and loss of 32 neurons at times 300 and 900, and of 14 neurons at abar = 0.8.",
        "beyond the paper; the stairs are checked for eight and five bits at abar = 1/2 up to"
        " times 300 and 60, where the levels are in closed form; late values belong to one start",
    ),
    NotChecked(
        "Section 5.4, escape from M",
        "That equal weights on the other bits make a small neuron escape fastest.",
        "beyond the paper; found so by search at r = 3, 4, 5, not proved",
    ),
    NotChecked(
        "Theorem 5.3, the statement with its width and time",
        "A wide network run on the surrogate loss from a small start reaches LDR above $1 - c$.",
        "its constants, the bound of Lemma A.7, its reduction to one coordinate and the width for "
        r"8 bits are checked; that some $10^{13}$ neurons reach it was not run",
    ),
    NotChecked(
        "Theorem A.4, second point, on which laws it fails",
        r"For many bits it fails exactly where $1 - \bar\alpha < 2.7542 \cdot 10^{-4}$.",
        "beyond the paper; the signs of the coefficient of a rare jump are enclosed at single"
        " levels, not that it has one root, nor that no larger change of direction pays",
    ),
    NotChecked(
        "Assumption 5.1, where it is violated",
        "Where the growth rate is largest for brackets and for one-hot digits.",
        "beyond the paper; the maximum leaves the axis by a search from many starts, which proves "
        "no global maximum",
    ),
    NotChecked(
        "Theorem A.4, second point, at small noise",
        "The maximum of $K$ is attained on the axis only, for every law of Assumption 5.1.",
        r"proved for $\bar\alpha \le .98$, refuted at $1 - \bar\alpha = 6.3 \cdot 10^{-5}$; "
        "open in between",
    ),
    NotChecked(
        "Section 4 and Appendices A.4 to A.6",
        "Shares of hallucinated samples and LDR values of UNet, DiT, FLUX1 and SD3.5.",
        EXPERIMENT,
    ),
)
