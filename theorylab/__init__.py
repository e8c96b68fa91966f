"""theorylab: a laboratory in which machine-learning theory is run.

Six types carry the package: `GaussianMixture` (a law whose score is known in closed form),
`Schedule` (how noise is added), `Dynamics` (drift, diffusion, span), `Path` (what an integrator
returns), `Finding` (what evidence says) and `Claim` (a statement, its source, its cases and its
false twins).

Importing `theorylab` loads nothing else, so that the command line answers at once; import
`theorylab.diffusion`, `theorylab.parity`, `theorylab.integrate` or `theorylab.claims`.
"""

__version__ = "0.1.0"
