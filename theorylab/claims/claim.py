"""The declaration of a theorem: `@claim` on a function that takes one case and returns a Finding.

The docstring is the statement. A declaration that could pass without saying anything is refused
when the file is read: no statement, no cases, no false twins, a case outside the assumptions, a
case that can change or whose name changes from run to run.
Nothing is run here; see `theorylab.claims.run` and `theorylab.pytest_plugin`.
"""

import inspect
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from theorylab.claims.finding import Evidence, Finding, Relation
from theorylab.claims.paper import Source

_ACRONYMS = {name.lower(): name for name in ("DDIM", "DDPM", "ODE", "SDE", "LDR", "ReLU")}


def titled(name: str) -> str:
    """The name of a conclusion as a sentence."""
    words = [_ACRONYMS.get(word, word) for word in name.split("_")]
    return words[0][:1].upper() + " ".join(words)[1:]


class DeclarationError(ValueError):
    """A declaration that checks nothing, or says something that it cannot carry."""


@dataclass(frozen=True)
class Claim:
    """A statement, its source, its cases and its false twins; made by `claim`."""

    check: Callable[[Any], Finding]
    source: Source
    relation: Relation
    evidence: Evidence
    cases: tuple[Any, ...]
    must_fail: Mapping[str, Callable[[Any], Any]]
    assumes: tuple[Callable[[Any], bool], ...]
    given: tuple[str, ...]
    thorough: tuple[Any, ...]
    statement: str
    file: Path

    @property
    def name(self) -> str:
        """The conclusion, which is also the name of the file."""
        return self.check.__name__

    @property
    def id(self) -> str:
        """The folder of the paper and the name of the conclusion."""
        return f"{self.source.paper.key}/{self.name}"

    @property
    def title(self) -> str:
        """The conclusion as a sentence."""
        return titled(self.name)

    @property
    def figure(self) -> Callable[[Any, list[Mapping[str, Any]]], None] | None:
        """`figure(ax, series)` of the claim's own file, if it has one."""
        return getattr(inspect.getmodule(self.check), "figure", None)

    def describe(self) -> dict[str, Any]:
        """What `theorylab claims --json` prints for this claim."""
        return {
            "id": self.id,
            "paper": self.source.paper.key,
            "item": self.source.item,
            "label": self.source.label,
            "reading": self.source.reading.value,
            "relation": self.relation.name,
            "evidence": self.evidence.name,
            "statement": self.statement,
            "cases": [label(case) for case in self.cases],
            "thorough_cases": [label(case) for case in self.thorough],
            "false_twins": list(self.must_fail),
            "given": list(self.given),
            "file": f"{self.file.parent.parent.name}/{self.file.parent.name}/{self.file.name}",
        }


def claim(
    *,
    source: Source,
    relation: Relation,
    evidence: Evidence,
    cases: Sequence[Any],
    must_fail: Mapping[str, Callable[[Any], Any]],
    assumes: Sequence[Callable[[Any], bool]] = (),
    given: Sequence[str] = (),
    thorough: Sequence[Any] = (),
) -> Callable[[Callable[[Any], Finding]], Claim]:
    """Declare the decorated function as the check of the statement in its docstring.

    Args:
        source: where the statement comes from, `PAPER.at(...)`.
        relation: how it stands to the source.
        evidence: the level that every case carries at least.
        cases: what the check is run on.
        must_fail: false twins: each maps a case to one in which the statement is false; the same
            check must answer FAILS on at least one mapped case.
        assumes: hypotheses; every case must satisfy every one.
        given: ids of claims on which this one rests.
        thorough: further cases, run with --thorough.

    Raises:
        DeclarationError: see the module docstring.
    """

    def declare(check: Callable[[Any], Finding]) -> Claim:
        declared = Claim(
            check=check,
            source=source,
            relation=relation,
            evidence=evidence,
            cases=tuple(cases),
            must_fail=dict(must_fail),
            assumes=tuple(assumes),
            given=tuple(given),
            thorough=tuple(thorough),
            statement=inspect.cleandoc(check.__doc__ or ""),
            file=Path(inspect.getfile(check)),
        )
        _refuse_if_worthless(declared)
        return declared

    return declare


def _refuse_if_worthless(declared: Claim) -> None:
    name = declared.name
    _demand(isinstance(declared.source, Source), f"{name}: source must be PAPER.at(...)")
    _demand(isinstance(declared.relation, Relation), f"{name}: relation must be a Relation")
    _demand(isinstance(declared.evidence, Evidence), f"{name}: evidence must be an Evidence")
    _demand(bool(declared.statement), f"{name}: the docstring is the statement and it is empty")
    _refuse_worthless_twins(declared)
    _refuse_worthless_cases(declared)


def _refuse_worthless_twins(declared: Claim) -> None:
    name = declared.name
    _demand(bool(declared.must_fail), f"{name}: no false twins, so the check may have no power")
    for twin, mutate in declared.must_fail.items():
        named = isinstance(twin, str) and bool(twin.strip())
        _demand(named, f"{name}: a false twin must have a name, got {twin!r}")
        _demand(callable(mutate), f"{name}: the false twin {twin!r} must map a case to a case")


def _refuse_worthless_cases(declared: Claim) -> None:
    name, every = declared.name, (*declared.cases, *declared.thorough)
    _demand(bool(declared.cases), f"{name}: no cases, so nothing would be checked")
    labels = [label(case) for case in every]
    for case, text in zip(every, labels, strict=True):
        _demand(not isinstance(case, type), f"{name}: the case {text!r} is a type, not a value")
        _demand(_is_frozen(case), f"{name}: the case ({text}) must be a frozen dataclass")
        _demand(labels.count(text) == 1, f"{name}: two cases are both called {text!r}")
        _demand(" at 0x" not in text, f"{name}: the case ({text}) must have a lasting name")
    for case, hypothesis in itertools.product(every, declared.assumes):
        satisfied = hypothesis(case)
        _demand(
            satisfied is True,
            f"{name}: the case ({label(case)}) violates the assumption"
            f" {getattr(hypothesis, '__name__', hypothesis)} (it returned {satisfied!r})",
        )


def _is_frozen(case: Any) -> bool:
    parameters = getattr(type(case), "__dataclass_params__", None)
    if parameters is None:
        return not isinstance(case, dict | list | set | bytearray)
    return bool(parameters.frozen)


def _demand(condition: bool, requirement: str) -> None:
    if not condition:
        raise DeclarationError(requirement)


def grid(kind: Callable[..., Any], **axes: Sequence[Any]) -> list[Any]:
    """Every combination of the axes as a case of type `kind`, the last axis running fastest.

    Raises:
        DeclarationError: an axis without values.
    """
    for name, values in axes.items():
        _demand(len(values) > 0, f"grid: the axis {name!r} has no values")
    return [
        kind(**dict(zip(axes, values, strict=True)))
        for values in itertools.product(*axes.values())
    ]


def label(case: Any) -> str:
    """A case as one short line, such as "separation=0.5, variance=0.3"."""
    if not is_dataclass(case) or isinstance(case, type):
        return _short(case)
    shown = [field for field in fields(case) if field.repr]
    return ", ".join(f"{field.name}={_short(getattr(case, field.name))}" for field in shown)


def _short(value: Any) -> str:
    if callable(value) and hasattr(value, "__name__"):
        return str(value.__name__)
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else text[:57] + "..."
