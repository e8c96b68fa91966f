"""Inner loops in C, compiled on first use where a C compiler is found; never needed.

Everything here has a slower twin in torch that gives the same numbers to rounding, see
`theorylab.diffusion.kernels`; tests/test_native.py compares the two. Without a compiler, or with
the environment variable THEORYLAB_NATIVE=0, the twin is used.
"""

from theorylab.native.compiler import description, library

__all__ = ["description", "library"]
