"""Declarations that check nothing are refused; running one item never turns red into green."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest import SkipTest

import numpy as np
import pytest
import torch

from theorylab.claims import (
    Claim,
    DeclarationError,
    Evidence,
    Finding,
    NotChecked,
    Paper,
    Reading,
    Relation,
    Verdict,
    at_most,
    claim,
    grid,
    label,
    undecided,
)
from theorylab.claims.catalogue import (
    claim_files,
    is_claim_file,
    is_collected,
    is_paper_folder,
    load,
)
from theorylab.claims.run import record, run_case, run_twin

PAPER = Paper("made_up", "A made-up paper", "Nobody", 2026, "0000.00000", "v1", "Made-up 2026")


@dataclass(frozen=True)
class Size:
    """A number and the bound claimed for it."""

    value: float
    bound: float = 1.0
    seed: int = 3


@dataclass
class Loose:
    """A case that could change under the check."""

    value: float = 0.5


def small(case: Size) -> bool:
    """The value is below 1."""
    return bool(case.value < 1)


def check(case: Size) -> Finding:
    r"""$value \le bound$."""
    return at_most(case.value, case.bound, budget=1e-9)


GOOD: dict[str, Any] = {
    "source": PAPER.at("Lemma 1", label="lem:one"),
    "relation": Relation.AS_STATED,
    "evidence": Evidence.NUMERIC,
    "cases": grid(Size, value=[0.5, 0.9]),
    "must_fail": {"2 % too small a bound": lambda case: replace(case, bound=0.98 * case.value)},
    "assumes": [small],
}


def declared(function: Callable[[Any], Any] = check, **changes: Any) -> Claim:
    return claim(**(GOOD | changes))(function)


def no_statement(case: Size) -> Finding:
    return check(case)


def blank(case: Size) -> Finding:
    """ """
    return check(case)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"function": no_statement}, "docstring is the statement and it is empty"),
        ({"function": blank}, "docstring is the statement and it is empty"),
        ({"cases": []}, "no cases"),
        ({"cases": [], "thorough": [Size(0.5)]}, "no cases"),
        ({"must_fail": {}}, "no false twins"),
        ({"must_fail": {"a": 3}}, "must map a case to a case"),
        ({"must_fail": {" ": replace}}, "must have a name"),
        ({"must_fail": {7: replace}}, "must have a name"),
        ({"cases": [Size(2.0)]}, "violates the assumption small .it returned False"),
        ({"thorough": [Size(2.0)]}, "violates the assumption small"),
        ({"assumes": [lambda _: 1]}, "it returned 1"),
        ({"assumes": [lambda _: np.True_]}, "it returned np.True_"),
        ({"assumes": [lambda _: None]}, "it returned None"),
        ({"assumes": [lambda _: torch.tensor(True)]}, "it returned tensor"),
        ({"cases": [Size(0.5), Size(0.5)]}, "two cases are both called"),
        ({"thorough": [Size(0.5)]}, "two cases are both called"),
        ({"cases": [Loose()], "assumes": []}, "frozen dataclass"),
        ({"cases": [object()], "assumes": []}, "lasting name"),
        ({"cases": [Size], "assumes": []}, "is a type"),
        ({"source": "Lemma 1"}, "source must be"),
        ({"relation": "as stated"}, "relation must be"),
        ({"evidence": 3}, "evidence must be"),
    ],
)
def test_a_worthless_declaration_is_refused(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(DeclarationError, match=why):
        declared(**changes)


def test_a_good_declaration_describes_itself() -> None:
    made = declared(thorough=[Size(0.1)], given=["made_up/other"])
    assert made.describe() == {
        "id": "made_up/check",
        "paper": "made_up",
        "item": "Lemma 1",
        "label": "lem:one",
        "reading": "as printed",
        "relation": "AS_STATED",
        "evidence": "NUMERIC",
        "statement": r"$value \le bound$.",
        "cases": ["value=0.5, bound=1.0, seed=3", "value=0.9, bound=1.0, seed=3"],
        "thorough_cases": ["value=0.1, bound=1.0, seed=3"],
        "false_twins": ["2 % too small a bound"],
        "given": ["made_up/other"],
        "file": f"{Path(__file__).parent.parent.name}/tests/{Path(__file__).name}",
    }
    assert made.title == "Check"
    assert made.figure is None
    assert str(PAPER.at("X", reading=Reading.RECONSTRUCTED)).endswith("X [reconstructed]")


def test_a_grid_is_the_product_of_its_axes() -> None:
    assert grid(Size, value=[1, 2], bound=[3, 4]) == [
        Size(1, 3), Size(1, 4), Size(2, 3), Size(2, 4),
    ]  # fmt: skip
    with pytest.raises(DeclarationError, match="axis 'bound' has no values"):
        grid(Size, value=[1], bound=[])


def test_a_label_is_one_short_line() -> None:
    assert label(Size(Fraction(1, 3))) == "value=1/3, bound=1.0, seed=3"  # type: ignore[arg-type]
    assert "\n" not in label(torch.eye(12))
    assert len(label("a" * 100)) == 60
    assert label(small) == "small"


# ---------------------------------------------------------------- running one item


def outcome_of(function: Callable[[Any], Any], **changes: Any) -> str:
    made = declared(function, **changes)
    outcome = run_case(made, made.cases[0])
    assert outcome.ok is (outcome.verdict == "HOLDS")
    return outcome.verdict


def checking(answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def told(case: Any) -> Any:
        """A statement."""
        return answer(case)

    return told


def throw(error: BaseException) -> Callable[[Any], Any]:
    def thrown(_: Any) -> Any:
        raise error

    return checking(thrown)


def found(verdict: Verdict, evidence: Evidence, **more: Any) -> Callable[[Any], Any]:
    return checking(lambda _: Finding(verdict, evidence, None, "made by hand", **more))


@pytest.mark.parametrize(
    ("function", "verdict"),
    [
        (check, "HOLDS"),
        (checking(lambda case: at_most(case.value, 0.49, budget=1e-9)), "FAILS"),
        (checking(lambda case: at_most(case.value, np.nan, budget=1e-9)), "UNDECIDED"),
        (checking(lambda _: None), "UNDECIDED"),
        (checking(lambda _: True), "UNDECIDED"),
        (checking(lambda _: Verdict.HOLDS), "UNDECIDED"),
        (found(Verdict.HOLDS, Evidence.SAMPLED, false_alarm=1e-9, miss=1e-9), "UNDECIDED"),
        (found(Verdict.HOLDS, Evidence.TREND), "UNDECIDED"),
        (found(Verdict.FAILS, Evidence.TREND), "UNDECIDED"),
        (found(Verdict.HOLDS, Evidence.SYMBOLIC), "HOLDS"),
        (throw(RuntimeError("broken")), "ERROR"),
        (throw(AssertionError()), "ERROR"),
        (throw(SystemExit(0)), "ERROR"),
        (throw(SkipTest("skip")), "ERROR"),
        (throw(pytest.skip.Exception("skip")), "ERROR"),
        (throw(pytest.exit.Exception("exit", 0)), "ERROR"),
    ],
)
def test_only_holds_is_green(function: Callable[[Any], Any], verdict: str) -> None:
    assert outcome_of(function) == verdict


@pytest.mark.parametrize(
    ("rates", "verdict"),
    [
        ({}, "UNDECIDED"),
        ({"false_alarm": 1e-9}, "UNDECIDED"),
        ({"miss": 1e-9}, "UNDECIDED"),
        ({"false_alarm": np.nan, "miss": 1e-9}, "UNDECIDED"),
        ({"false_alarm": 1e-9, "miss": 1e-9}, "HOLDS"),
    ],
)
def test_sampled_evidence_states_both_error_rates(rates: dict[str, float], verdict: str) -> None:
    function = found(Verdict.HOLDS, Evidence.SAMPLED, **rates)
    assert outcome_of(function, evidence=Evidence.SAMPLED) == verdict
    assert outcome_of(function, evidence=Evidence.TREND) == verdict


def test_an_interrupt_is_not_swallowed() -> None:
    made = declared(throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        run_case(made, made.cases[0])


def twin_of(mutate: Callable[[Any], Any], function: Callable[[Any], Any] = check) -> Any:
    made = declared(function, must_fail={"twin": mutate}, assumes=[])
    return run_twin(made, "twin", made.cases)


def only_at_a_half(case: Size) -> Size:
    if case.value == 0.5:
        msg = "not this one"
        raise RuntimeError(msg)
    return replace(case, bound=0.1)


@pytest.mark.parametrize(
    ("mutate", "verdict"),
    [
        (lambda case: replace(case, bound=0.98 * case.value), "REJECTED"),
        (lambda case: replace(case, bound=0.7), "REJECTED"),  # on one case of two
        (lambda case: replace(case, bound=0.95), "ACCEPTED"),
        (lambda case: case, "ACCEPTED"),
        (lambda case: replace(case), "ACCEPTED"),
        (lambda case: replace(case, bound=np.nan), "ACCEPTED"),  # undecided
        (lambda case: replace(case, bound="x"), "ERROR"),
        (lambda _: None, "ERROR"),
        (only_at_a_half, "REJECTED"),  # an error on one case, rejected on the other
    ],
)
def test_a_twin_is_rejected_by_fails_and_nothing_else(mutate: Any, verdict: str) -> None:
    outcome = twin_of(mutate)
    assert outcome.verdict == verdict
    assert outcome.ok is (verdict == "REJECTED")


def test_a_twin_that_changes_nothing_is_told_so() -> None:
    assert "unchanged" in twin_of(lambda case: case).detail


def test_a_twin_is_not_rejected_by_weaker_evidence_than_declared() -> None:
    weak = found(Verdict.FAILS, Evidence.TREND)
    assert twin_of(lambda case: replace(case, bound=0.1), weak).verdict == "ACCEPTED"


@dataclass(frozen=True)
class Cloud:
    """A case that holds an array and a tensor."""

    points: Any
    tensor: Any = field(default_factory=lambda: torch.zeros(2))


@pytest.mark.parametrize(
    ("mutate", "verdict"),
    [
        (lambda case: Cloud(case.points.copy(), case.tensor.clone()), "ACCEPTED"),
        (lambda case: Cloud(case.points + 1, case.tensor), "REJECTED"),
        (lambda case: Cloud(case.points, case.tensor + 1), "REJECTED"),
        (lambda case: Cloud(case.points[:1], case.tensor), "REJECTED"),
    ],
)
def test_cases_may_hold_arrays(mutate: Any, verdict: str) -> None:
    always = found(Verdict.FAILS, Evidence.NUMERIC)
    made = declared(always, cases=[Cloud(np.zeros(2))], must_fail={"t": mutate}, assumes=[])
    assert run_twin(made, "t", made.cases).verdict == verdict


def test_a_record_holds_plain_values_only() -> None:
    """np.float64 cannot cross from a worker of pytest-xdist, NaN cannot enter JSON."""
    rates = {"false_alarm": np.float64(1e-9), "miss": np.float32(1e-9)}
    odd = checking(
        lambda _: Finding(Verdict.HOLDS, Evidence.NUMERIC, np.float64("nan"), "odd", **rates)
    )
    made = declared(odd, cases=[Size(0.5, seed=np.int64(7))])  # type: ignore[arg-type]
    line = record(made, "case", "c", 0, run_case(made, made.cases[0]))
    assert line["margin"] is None
    assert {type(value) for value in line.values()} <= {str, int, float, bool, list, type(None)}
    assert (line["seed"], line["false_alarm"]) == (7, 1e-9)
    made = declared(
        checking(lambda _: undecided(Evidence.TREND, "?")), cases=[Size(0.5, seed="s")]
    )  # type: ignore[arg-type]
    assert record(made, "case", "c", 0, run_case(made, made.cases[0]))["seed"] is None


# ---------------------------------------------------------------- folders


def test_a_paper_is_a_folder_whose_init_assigns_it(tmp_path: Path) -> None:
    for name, text, answer in (
        ("a", "PAPER = 1", True),
        ("b", "PAPER: int = 1", True),
        ("c", "# PAPER = 1", False),
        ("d", "def PAPER(): ...", False),
        ("e", "PAPER = (", True),  # importing it will tell
        ("f", "\0", True),
        ("g", None, False),
    ):
        folder = tmp_path / name
        folder.mkdir()
        if text is not None:
            (folder / "__init__.py").write_text(text)
        assert is_paper_folder(folder) is answer, name
    for file in ("one.py", "_two.py", "conftest.py", "three.txt"):
        (tmp_path / "a" / file).write_text("")
    assert claim_files(tmp_path) == [tmp_path / "a" / "one.py"]
    assert not is_claim_file(tmp_path / "a" / "__init__.py")


def test_another_project_s_paper_is_not_collected(tmp_path: Path) -> None:
    for name, text, answer in (
        ("a", "PAPER = 'A4'", False),
        ("b", "import theorylab\nPAPER = 1", True),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").write_text(text)
        (folder / "one.py").write_text("")
        assert is_collected(folder / "one.py") is answer


@pytest.mark.parametrize(
    ("init", "why"),
    [
        ("PAPER = 3\nNOT_CHECKED = ()", "PAPER must be a Paper"),
        ("from theorylab.claims import Paper\nPAPER = Paper(*'abcdefg')", "NOT_CHECKED must be"),
        ("PAPER = (", "must be importable, got SyntaxError"),
        ("if False:\n    PAPER = 1\nPAPER: int", "PAPER must be a Paper, got None"),
    ],
)
def test_a_folder_that_is_no_paper_is_refused(tmp_path: Path, init: str, why: str) -> None:
    folder = tmp_path / f"paper_{abs(hash(init))}"
    folder.mkdir()
    (folder / "__init__.py").write_text(init)
    with pytest.raises(DeclarationError, match=why):
        load(tmp_path)


def test_nothing_is_left_out_without_a_reason() -> None:
    with pytest.raises(ValueError, match=r"NotChecked.reason must not be empty"):
        NotChecked("Theorem 1", "a statement", "  ")
