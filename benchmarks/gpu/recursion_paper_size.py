"""The recursion of arXiv:2406.09358 at the size of its released code, on a CUDA device.

    python -m benchmarks.gpu.recursion_paper_size --out curves.json

Five generations of 100 000 points on the 25-mode grid, with and without the filter; ten trainings
of 100 000 steps of 10 000. It has run on no device so far.
"""

import sys

import torch

from theorylab.learn.recursion import main

if __name__ == "__main__":
    if not torch.cuda.is_available():
        sys.stderr.write("a CUDA device is needed, and torch sees none\n")
        sys.exit(2)
    sys.exit(main(["--size", "paper", "--device", "cuda", *sys.argv[1:]]))
