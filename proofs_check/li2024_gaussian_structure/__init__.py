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

NOT_CHECKED = (
    NotChecked(
        "Experiments on FFHQ, CelebA-HQ and CIFAR-10",
        "The score differences, linearity and generalisation scores of large EDM networks over "
        "data size, width and epochs, among them epoch 841 as the nearest to D_G.",
        "the images and the networks do not come with any package; the claims on digits and "
        "photographs check the orderings at a size that trains in seconds",
    ),
    NotChecked(
        "Numbers read off the figures",
        "Peaks of about 0.13 near sigma = 10, gaps of 0.39 to 0.01 at small noise, minima of the "
        "linearity score.",
        "charts were read by a machine; they are no criterion of any claim",
    ),
    NotChecked(
        "Linear distillation by stochastic optimisation",
        "D_L by Adam from 0 on batches of 256 equals the best affine fit.",
        "best affine fits are computed in closed form here; the claim on the condition of descent "
        "is about plain gradient descent, and Adam's budget at sigma = 80 is not analysed",
    ),
    NotChecked(
        "Fixes by early stopping and small capacity",
        "Stopping at epoch 921 or 8 channels restores generalisation on 1094 images.",
        "the numbers belong to those networks; the claims on digits check that early stopping "
        "is nearer to D_G, and say nothing about channels",
    ),
    NotChecked(
        "Other architectures and preconditionings of Figure 11",
        "Baseline-VE and VP, ADM and U-ViT networks are less linear at high noise.",
        "one architecture is trained here; what the skip contributes before training is a claim",
    ),
    NotChecked(
        "Wiener phase without a skip",
        "A noise predictor without EDM's preconditioning passes near D_G early in training too.",
        "the networks of the claims are trained inside EDM's preconditioning only, which starts "
        "as a Gaussian denoiser; how much of the early phase it causes is not separated",
    ),
    NotChecked(
        "Threshold of the generalisation score",
        "Samples with a score above 0.6 are new.",
        "empirical; the claim on the origin of the pixels shows that it belongs to one choice of "
        "units, and its dependence on the number of data points is not quantified",
    ),
    NotChecked(
        "Appendix, Equations 11, 12, 21, 33, 35 to 37, 45 and Algorithm 1",
        "Printed with slips (a factor 2, a transposed outer product, a variance for a deviation).",
        "known from a conversion of the text only, in which a slip may be the conversion's; the "
        "results that they lead to are checked in their corrected form",
    ),
    NotChecked(
        "Rate of the high-noise law",
        "The remainder of the expansion in 1/sigma is bounded, with constants.",
        "the leading term is symbolic and its limit numerical; no bound is proved",
    ),
    NotChecked(
        "Strong generalisation of D_G beyond Gaussian data",
        "The leading term of the disagreement for a law with other fourth moments.",
        "the formula uses the fourth moments of a Gaussian; no claim for others",
    ),
)
