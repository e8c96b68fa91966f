"""The one-dimensional experiments: three modes at 1, 2, 3, and two modes at +-1/2."""

import torch

from theorylab.diffusion import DDPMSchedule, EDMSchedule, GaussianMixture, VPSchedule

DEVIATION = 0.05
VARIANCE = DEVIATION**2
HALF = 0.5
"""Half the gap of neighbouring modes."""

TOP = 80.0
"""The noise from which a flow starts."""

EDM = EDMSchedule(0.0, TOP)
CHAIN: DDPMSchedule = VPSchedule.ddpm(1000, 1e-3, 0.2)
"""The schedule of the released code: beta from 1e-3 to 0.2."""

PAIR = GaussianMixture.pair(2 * HALF, VARIANCE)


def modes_at(*places: float) -> GaussianMixture:
    """Equal modes of deviation 0.05 on a line."""
    return GaussianMixture(torch.tensor(places, dtype=torch.float64)[:, None], VARIANCE)


THREE = modes_at(1.0, 2.0, 3.0)


def centred(variance: float) -> GaussianMixture:
    """The law N(0, variance)."""
    return GaussianMixture(torch.zeros(1, 1, dtype=torch.float64), variance)
