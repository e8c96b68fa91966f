"""The pages of the documentation name every public module, and the index every page."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("diffusion", "parity", "learn", "claims")
INSIDE = {"theorylab.parity.posterior", "theorylab.claims.run", "theorylab.claims.witness"}
"""Modules that users reach through others."""


@pytest.mark.parametrize("package", PACKAGES)
def test_the_api_page_names_every_public_module(package: str) -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"automodule:: (\S+)", page))
    files = (ROOT / "theorylab" / package).glob("[!_]*.py")
    wanted = {f"theorylab.{package}.{file.stem}" for file in files} | {f"theorylab.{package}"}
    assert wanted - INSIDE - shown == set()


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")} - {"index"}
    assert {name for name in pages if not re.search(rf"^{name}$", index, re.M)} == set()
