"""The probability flow of the 25-mode grid, with the error that was really made."""

import torch

from theorylab.diffusion import (
    ExactScore,
    GaussianMixture,
    VPSchedule,
    probability_flow,
    rescaled,
    start_law,
)
from theorylab.diffusion import distance_to_nearest_segment as distance
from theorylab.integrate import DOPRI5, solve_ode

mixture = GaussianMixture.grid()
schedule = VPSchedule.linear(0.1, 20.0)
flow = probability_flow(schedule, ExactScore(mixture, schedule), start=1.0, stop=1e-3)

start = start_law(mixture, schedule).sample(64, seed=0)
times = torch.tensor([1.0, 0.3, 0.1, 0.03, 1e-3], dtype=torch.float64)
path = solve_ode(flow, start, method=DOPRI5, times=times, rtol=1e-6, measure_error=True)

states = rescaled(path, schedule).states  # y = x / alpha_t, in which the modes do not move
far = distance(states, mixture.means).quantile(0.9, dim=1)
for time, value in zip(path.times.tolist()[1:], far.tolist()[1:], strict=True):
    print(f"t = {time:5.3f}   nine tenths are within {value:6.3f} of a segment between modes")
print(f"every trajectory is accurate to {10 ** path.error.max().log10().ceil():.0e}")
