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

PLANNED = "planned: not implemented in this version"
EXPERIMENT = "an experiment with trained image models; no statement to check without its weights"

NOT_CHECKED = (
    NotChecked(
        "Section 4.3, independence of symbols",
        "Any two symbols of the synthetic grammars are independent (Quarter-MNIST among them).",
        PLANNED,
    ),
    NotChecked(
        "Equation (2)",
        "The local dependency ratio lies in $[0, 1]$ and measures how local a denoiser is.",
        PLANNED,
    ),
    NotChecked(
        "Equation (4)",
        "The reverse step with the exact target is a good approximation of the true reverse law.",
        PLANNED,
    ),
    NotChecked(
        "Section 5.1.2, loss decomposition",
        r"$L_t(\theta) = E\|y_t - s_\theta\|^2$ plus a term free of $\theta$.",
        PLANNED,
    ),
    NotChecked(
        "Theorem 5.2",
        "Under Assumption 5.1 the set $M$ of univariate networks is invariant, with LDR 1 on it.",
        PLANNED,
    ),
    NotChecked(
        "Theorem 5.3",
        "A wide network run on the surrogate loss from a small start reaches LDR above $1 - c$.",
        PLANNED,
    ),
    NotChecked(
        "Lemmas A.1 and A.2",
        "On $M$ the gradient of a neuron's weights points along its own coordinate.",
        PLANNED,
    ),
    NotChecked(
        "Lemma A.3", r"$a_j^2 - \|w_j\|^2 - b_j^2$ is constant along the gradient flow.", PLANNED
    ),
    NotChecked(
        "Theorem A.4",
        "Sign and size of $K$, its unique maximiser, invariance of that direction, growth of $K$.",
        PLANNED,
    ),
    NotChecked(
        "Lemma A.5",
        r"$|a(s)| = |a(0)| \exp(\pm 2 \int_0^s K)$ along the surrogate flow.",
        PLANNED,
    ),
    NotChecked(
        "Equation (5)",
        "The first-order condition of $f$ identifies the best bias $D^*$.",
        PLANNED,
    ),
    NotChecked("Lemma A.7", "A lower bound on the LDR of a network near $M$.", PLANNED),
    NotChecked(
        "Appendix A.7",
        "The loss of a network of 2000 neurons on the parity of 8 or 16 bits falls in stairs.",
        PLANNED,
    ),
    NotChecked(
        "Section 4 and Appendices A.4 to A.6",
        "Shares of hallucinated samples and LDR values of UNet, DiT, FLUX1 and SD3.5.",
        EXPERIMENT,
    ),
)
