"""A mixture whose score, denoiser and samples are known in closed form."""

from theorylab.diffusion import GaussianMixture

mixture = GaussianMixture(
    means=[[-1.0, 0.0], [1.0, 0.5], [0.0, 2.0]],
    variance=0.01,
    weights=[0.5, 0.3, 0.2],
)
noised = mixture.noised(alpha=0.8, sigma=0.6)  # the law of 0.8 X + 0.6 Z, again a mixture

x = noised.sample(4, seed=1)
print("points      ", [[round(v, 3) for v in row] for row in x.tolist()])
print("log density ", [round(v, 3) for v in noised.log_prob(x).tolist()])
print("score       ", [[round(v, 3) for v in row] for row in noised.score(x).tolist()])
print("shares      ", [[round(v, 3) for v in row] for row in noised.responsibilities(x).tolist()])
