"""The README's table is written between its markers and found stale when it is."""

import pytest

from theorylab.claims.catalogue import load
from theorylab.report import readme

TEXT = f"# Title\n\n{readme.BEGIN}\nold\n{readme.END}\n\nrest\n"


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def test_table_has_a_row_for_each_statement_and_each_that_is_not_checked(laboratory) -> None:
    lines = readme.table(load(laboratory)).splitlines()
    assert len(lines) == 2 + 4 + 2
    assert cells(lines[0]) == list(readme.HEADER)
    folder = laboratory.name
    name = "circles2024/parabola_bounds_line_of_positive_width"
    assert cells(lines[2]) == [
        f"[Parabola bounds line of positive width]({folder}/{name}.py)",
        "Authors 2024, Prop. 2 (reconstructed)",
        "sharpens",
        "numeric",
        "3",
        "2",
    ]
    assert cells(lines[3])[1] == "Authors 2024, Lemma 1"
    assert r"*Not checked:* $\pi$ is <transcendental>" in lines[-1]
    assert "*Why not:* no finite check exists" in lines[-1]


def test_bars_inside_a_cell_are_escaped() -> None:
    assert readme._line(["a | b", "c\nd"]) == r"| a \| b | c d |"


def test_write_then_check_then_stale(laboratory, tmp_path, capsys) -> None:
    file = tmp_path / "README.md"
    file.write_text(TEXT)
    where = ["--from", str(laboratory)]
    assert readme.main(["--check", str(file), *where]) == 1
    told = capsys.readouterr().err
    assert "-old" in told
    assert "+| statement | source |" in told
    assert "stale, run: make readme" in told
    assert file.read_text() == TEXT
    assert readme.main(["--write", str(file), *where]) == 0
    written = file.read_text()
    assert written.startswith(f"# Title\n\n{readme.BEGIN}\n| statement |")
    assert written.endswith(f"|\n{readme.END}\n\nrest\n")
    assert readme.main(["--check", str(file), *where]) == 0
    assert capsys.readouterr().err == ""
    file.write_text(written.replace("| 3 |", "| 4 |"))
    assert readme.main(["--check", str(file), *where]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 4  # place, old row, new row, hint


@pytest.mark.parametrize(
    "text",
    ["no markers", readme.BEGIN, readme.END + readme.BEGIN, TEXT + readme.BEGIN, None],
    ids=["none", "one", "swapped", "doubled", "no file"],
)
def test_file_without_the_markers_is_refused(text, laboratory, tmp_path, capsys) -> None:
    file = tmp_path / "README.md"
    if text is not None:
        file.write_text(text)
    assert readme.main(["--write", str(file), "--from", str(laboratory)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not file.exists() or file.read_text() == text
