"""Shape names, used in every public signature and checked at run time in the tests only.

Notation: n any batch shape, d the dimension, K the number of modes, T the number of output times.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int
from torch import Tensor

ArrayLike: TypeAlias = Tensor | np.ndarray | Sequence | float | int
"""What a user may hand in: it is validated and converted by `theorylab._require`."""

Points = Float[Tensor, "*n d"]
PerPoint = Float[Tensor, "*n"]
PerMode = Float[Tensor, "*n K"]
Matrices = Float[Tensor, "*n d d"]
Means = Float[Tensor, "K d"]
Weights = Float[Tensor, " K"]
Labels = Int[Tensor, "*n"]
Flags = Bool[Tensor, "*n"]
Times = Float[Tensor, " T"]
States = Float[Tensor, "T n d"]
