"""The examples of the documentation run, and print what is shown beside them.

After a change that is meant, run this file as a script: it writes what the examples print now.
"""

import contextlib
import io
import re
import runpy
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))
SHOWN = (ROOT / "docs" / "quickstart.md", ROOT / "docs" / "reading_a_verdict.md")


def printed(example: Path) -> str:
    """What the example prints, under the defaults that a user has."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            runpy.run_path(str(example), run_name="__main__")
    finally:
        torch.set_default_dtype(before)
    return out.getvalue()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_prints_what_is_shown(example: Path) -> None:
    assert printed(example) == example.with_suffix(".txt").read_text(encoding="utf-8")


def test_every_example_is_shown_with_its_output() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in SHOWN)
    included = re.findall(r"\{literalinclude\} examples/(\S+)", text)
    wanted = [name for path in EXAMPLES for name in (path.name, f"{path.stem}.txt")]
    assert len(EXAMPLES) >= 5
    assert sorted(included) == sorted(wanted)


def main() -> None:
    """Write what the examples print."""
    for example in EXAMPLES:
        example.with_suffix(".txt").write_text(printed(example), encoding="utf-8")
        sys.stdout.write(f"{example.with_suffix('.txt')}\n")


if __name__ == "__main__":
    main()
