"""A small laboratory of quick claims in a folder of its own, and a way to run the command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

INIT = """
from dataclasses import dataclass
from theorylab.claims import NotChecked, Paper

PAPER = Paper(key="{key}", title="{title}", authors="The theorylab authors",
              year=2024, arxiv="0000.0000{n}", version="v1", short="{short}")
NOT_CHECKED = (NotChecked("Theorem 9", r"$\\pi$ is <transcendental>", "no finite check exists"),)


@dataclass(frozen=True)
class Size:
    n: float
    seed: int = 7
"""

HEAD = """
from dataclasses import replace
from theorylab.claims import *
from {folder} import PAPER, Size
"""

SQUARE = '''
import sympy
x, y = sympy.symbols("x y")

@claim(source=PAPER.at("Lemma 1", label="lem:square"), relation=Relation.AS_STATED,
       evidence=Evidence.SYMBOLIC, cases=grid(Size, n=[2]),
       must_fail={"cross term lost": lambda case: replace(case, n=0)})
def square_of_a_sum(case):
    r"""For all real $x, y$ & any order: $$(x + y)^2 = x^2 + 2xy + y^2.$$ Costs \\$0, see `<b>`."""
    return identity((x + y) ** 2, x**2 + case.n * x * y + y**2)
'''

PARABOLA = '''
@claim(source=PAPER.at("Prop. 2", reading=Reading.RECONSTRUCTED), relation=Relation.SHARPENS,
       evidence=Evidence.NUMERIC, cases=grid(Size, n=[1.0, 2.0, 3.0]),
       must_fail={"exponent 3": lambda case: replace(case, n=-case.n),
                  "a factor <2>": lambda case: replace(case, n=-2 * case.n)},
       given=["circles2024/square_of_a_sum"], thorough=[Size(10.0)])
def parabola_bounds_line_of_positive_width(case):
    r"""$2 n t \\leqslant n^2 + t^2$ for every $t \\in \\mathbb{R}$, with equality at
    $t = n$, so that

    $$\\sup_{t} \\frac{2 n t}{n^2 + t^2} = 1, \\qquad \\bar\\alpha_t := \\begin{cases}
    1 & t > 0 \\\\ 0 & t \\le 0 \\end{cases}$$

    - the bound is attained;
    - it does not depend on $\\ln n$.
    """
    t = [k * abs(case.n) / 8 for k in range(1, 17)]
    lhs = [2 * abs(case.n) * s for s in t]
    rhs = [case.n**2 + s**2 if case.n > 0 else 0.9 * s * s for s in t]
    return at_most(lhs, rhs, budget=1e-12, tight=0.9).with_series(t=t, lhs=lhs, rhs=rhs)


def figure(ax, series):
    r"""The line $2nt$ (solid) under its parabola (dashed)."""
    for number, one in enumerate(series):
        ax.plot(one["t"], one["lhs"], color=f"C{number}", label=f"case {number + 1}")
        ax.plot(one["t"], one["rhs"], color=f"C{number}", linestyle="--")
    ax.set(xlabel="position $t$", ylabel="value")
    ax.legend()
'''

COUNTING = '''
@claim(source=PAPER.at("Eq. (3)"), relation=Relation.REFUTES, evidence=Evidence.EXHAUSTIVE,
       cases=grid(Size, n=[5.0]), must_fail={"a false root": lambda case: replace(case, n=4.0)})
def no_square_is_three_of_modulus_five(case):
    r"""No $k \\in \\{0, \\dots, 4\\}$ has $k^2 \\equiv 3 \\pmod 5$."""
    return for_all(range(int(case.n)), lambda k: (k * k - 3) % case.n != 1 or case.n == 5)
'''

RATE = '''
@claim(source=PAPER.at("Sec. 4"), relation=Relation.BEYOND, evidence=Evidence.SAMPLED,
       cases=grid(Size, n=[0.1]), must_fail={"half the rate": lambda case: replace(case, n=0.5)})
def rare_event_is_rare(case):
    """It happens in at most one of four trials."""
    count = int(10000 * case.n)
    return rate_at_most(count, 10000, 0.25, reach=0.35, false_alarm=1e-12, miss=1e-12)
'''

CLAIMS = {
    "circles2024": {
        "square_of_a_sum": SQUARE,
        "parabola_bounds_line_of_positive_width": PARABOLA,
    },
    "sums2025": {"no_square_is_three_of_modulus_five": COUNTING, "rare_event_is_rare": RATE},
}
TITLES = {"circles2024": "Circles & lines", "sums2025": "Sums of <squares>"}


def build(root: Path) -> Path:
    """Write the laboratory below a folder and return it."""
    for n, (folder, claims) in enumerate(CLAIMS.items(), start=1):
        (root / folder).mkdir(parents=True)
        init = INIT.format(key=folder, title=TITLES[folder], n=n, short=f"Authors {2023 + n}")
        (root / folder / "__init__.py").write_text(init)
        for name, text in claims.items():
            (root / folder / f"{name}.py").write_text(HEAD.format(folder=folder) + text)
    return root


def command(*words: object, **keywords: object) -> subprocess.CompletedProcess[str]:
    """Run `theorylab` in a process of its own."""
    call = [sys.executable, "-m", "theorylab", *map(str, words)]
    environment = os.environ | {"PYTHONPATH": os.getcwd(), "COLUMNS": "200"}
    return subprocess.run(
        call, capture_output=True, text=True, timeout=120, env=environment, **keywords
    )


@pytest.fixture(scope="session")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("laboratory"))


@pytest.fixture(scope="session")
def theorylab():
    return command


@pytest.fixture(scope="session")
def verified(laboratory, tmp_path_factory):
    """The report folder of a green run, and what the run printed."""
    report = tmp_path_factory.mktemp("verified") / "report"
    return report, command("verify", "--from", laboratory, "--report", report)
