"""The command `theorylab`: list the statements, verify them, draw their figures.

Notation: exit status 0 = all hold, 1 = something failed or is undecided, 2 = bad usage (one line
on standard error), 130 = interrupted.

This module computes nothing and imports nothing heavy until a command needs it, so that `--help`
answers at once.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import theorylab
from theorylab.report import names
from theorylab.report.names import BrokenFigureError, UsageError

if TYPE_CHECKING:
    from theorylab.claims.claim import Claim
    from theorylab.report.cards import Record

FORMATS = ("pdf", "png", "svg")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    try:
        options = _parser().parse_args(argv)
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except UsageError as error:
        sys.stderr.write(f"theorylab: {' '.join(str(error).split())}\n")
        return error.status
    except BrokenPipeError:  # as in `theorylab claims | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        sys.stderr.write("theorylab: interrupted\n")
        return 130


class _Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(UsageError.status, f"{self.prog}: {message} (see {self.prog} --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="theorylab",
        description="Theorems as executable claims that can fail.",
        epilog="Exit status: 0 all hold, 1 something failed or is undecided, 2 bad usage.",
    )
    parser.add_argument("--version", action="version", version=theorylab.__version__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_claims(commands)
    _add_verify(commands)
    _add_figures(commands)
    return parser


def _add_claims(commands: "argparse._SubParsersAction[_Parser]") -> None:
    claims = commands.add_parser("claims", help="list every statement and what is not checked")
    claims.add_argument("paper", nargs="?", metavar="PAPER", help="only this paper")
    claims.add_argument("--json", action="store_true", help="one JSON list of objects")
    _add_from(claims)
    claims.set_defaults(command=_claims)


def _add_verify(commands: "argparse._SubParsersAction[_Parser]") -> None:
    verify = commands.add_parser("verify", help="check the statements and write a page")
    verify.add_argument("names", nargs="*", metavar="PAPER|ID", help="only these (default: all)")
    verify.add_argument("--thorough", action="store_true", help="run the thorough cases too")
    verify.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="processes (default: %(default)s)"
    )
    _add_report(verify, "where the ledger and the page go")
    _add_from(verify)
    verify.set_defaults(command=_verify)


def _add_figures(commands: "argparse._SubParsersAction[_Parser]") -> None:
    drawn = commands.add_parser("figures", help="draw the figures of a verified report")
    drawn.add_argument(
        "names", nargs="*", metavar="NAME", help="claim, id or paper (default: all)"
    )
    _add_report(drawn, "where `verify` wrote its ledger")
    drawn.add_argument(
        "--out", type=Path, default=Path("figures"), metavar="DIR", help="default: %(default)s"
    )
    drawn.add_argument(
        "--format",
        action="append",
        choices=FORMATS,
        help="repeatable (default: pdf, vector, for LaTeX)",
    )
    _add_from(drawn)
    drawn.set_defaults(command=_figures)


def _add_report(parser: argparse.ArgumentParser, purpose: str) -> None:
    parser.add_argument(
        "--report",
        type=Path,
        default=Path("report"),
        metavar="DIR",
        help=f"{purpose} (default: %(default)s)",
    )


def _add_from(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from",
        dest="folder",
        type=Path,
        metavar="DIR",
        help="a folder of claims of your own (default: the shipped ones)",
    )


def _claims(options: argparse.Namespace) -> int:
    from theorylab.report import listing

    folder = names.folder(options.folder)
    papers = names.papers(folder)
    if options.paper is not None:
        names.require_known("paper", [options.paper], papers, papers=papers)
    entries = names.load(folder, [options.paper] if options.paper else papers)
    if options.json:
        sys.stdout.write(listing.as_json(entries))
    else:
        listing.show(entries)
    sys.stdout.flush()
    return 0


def _verify(options: argparse.Namespace) -> int:
    folder = names.folder(options.folder)
    papers, ids = names.papers(folder), names.ids(folder)
    names.require_known("paper or id", options.names, [*papers, *ids], papers=papers)
    if options.jobs < 1:
        msg = f"--jobs must be at least 1, got {options.jobs}"
        raise UsageError(msg)
    if not ids:
        msg = f"{folder} must hold at least one claim, got none"
        raise UsageError(msg)
    report = names.writable("--report", options.report)
    from theorylab.report import session

    selection = tuple(dict.fromkeys(options.names))
    job = session.Job(folder, report, selection, options.thorough, options.jobs)
    try:
        return session.run(job)
    except OSError as error:
        raise _cannot_write(report, error) from None


def _figures(options: argparse.Namespace) -> int:
    folder = names.folder(options.folder)
    papers, ids = names.papers(folder), names.ids(folder)
    wanted = names.named(options.names, papers, ids)
    from theorylab.report import ledger

    try:
        records = ledger.read(options.report)
    except ValueError as error:
        raise UsageError(str(error)) from None
    claims = [
        claim
        for entry in names.load(folder, papers)
        for claim in entry.claims
        if claim.id in wanted
    ]
    drawable = _drawable(claims, {line["id"] for line in records}, named=set(options.names))
    out = names.writable("--out", options.out)
    for claim in drawable:
        for path in _draw(claim, records, options.report, out, options.format or ["pdf"]):
            sys.stdout.write(f"{path}\n")
    return 0


def _drawable(claims: Sequence["Claim"], run: set[str], *, named: set[str]) -> list["Claim"]:
    """The claims that have a figure and were run; a name that has neither is an error."""
    for claim in claims:
        if not {claim.id, claim.name} & named:
            continue
        if claim.figure is None:
            msg = f"{claim.id} must have a figure(ax, series) in its file, got none"
            raise UsageError(msg)
        if claim.id not in run:
            msg = f"{claim.id} must be in the ledger, run `theorylab verify {claim.id}` first"
            raise UsageError(msg)
    found = [claim for claim in claims if claim.figure is not None and claim.id in run]
    if not found:
        msg = f"the ledger must hold one of these statements and a figure, got {len(run)} others"
        raise UsageError(msg)
    return found


def _draw(
    claim: "Claim", records: Sequence["Record"], report: Path, out: Path, formats: Iterable[str]
) -> list[Path]:
    from theorylab.report import figures

    try:
        figure = figures.draw(claim, figures.series_of(report, claim, records))
        return [
            figures.save(figure, out / f"{claim.id}.{kind}") for kind in dict.fromkeys(formats)
        ]
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from None
    except Exception as error:  # a claim's own figure may raise anything
        msg = f"the figure of {claim.id} could not be drawn: {type(error).__name__}: {error}"
        raise BrokenFigureError(msg) from None


def _cannot_write(folder: Path, error: OSError) -> UsageError:
    return UsageError(f"--report must be a folder that can be written, got {folder} ({error})")
