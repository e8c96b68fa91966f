"""A claim's figure is drawn from stored series only, in one style, to the same bytes."""

import json
import shutil
import sys
from dataclasses import replace

import pytest

from theorylab.claims.catalogue import load
from theorylab.report import figures, ledger

NAME = "circles2024/parabola_bounds_line_of_positive_width"


@pytest.fixture(scope="module")
def claims(laboratory):
    return {claim.id: claim for entry in load(laboratory) for claim in entry.claims}


@pytest.fixture(scope="module")
def series(verified, claims):
    report, _ = verified
    return figures.series_of(report, claims[NAME], ledger.read(report))


def test_series_come_in_the_order_of_the_cases(series) -> None:
    # the case n has t = n/8, ..., 2n and lhs = 2nt
    assert [one["t"][-1] for one in series] == [2.0, 4.0, 6.0]
    assert [one["lhs"][-1] for one in series] == [4.0, 16.0, 36.0]


def test_figure_has_the_style_the_size_and_the_data(claims, series) -> None:
    figure = figures.draw(claims[NAME], series)
    axes = figure.axes[0]
    assert tuple(figure.get_size_inches()) == pytest.approx((3.3, 0.72 * 3.3))
    assert len(axes.lines) == 6
    assert list(axes.lines[0].get_ydata()) == series[0]["lhs"]
    drawn = figures.encode(figure, "svg").lower()  # C0, C1, C2 are looked up when it is written
    assert all(colour in drawn for colour in (b"#0072b2", b"#d55e00", b"#009e73"))
    assert b"#1f77b4" not in drawn  # matplotlib's own first colour
    assert axes.xaxis.label.get_size() == 8
    wide = figures.draw(claims[NAME], series, width=figures.TEXT)
    assert wide.get_size_inches()[0] == pytest.approx(6.9)


@pytest.mark.parametrize(
    ("kind", "start"), [("pdf", b"%PDF-"), ("png", b"\x89PNG"), ("svg", b"<?xml")]
)
def test_same_numbers_give_the_same_bytes(claims, series, kind, start, tmp_path) -> None:
    first, second = (
        figures.save(figures.draw(claims[NAME], series), tmp_path / f"{n}" / f"f.{kind}")
        for n in (1, 2)
    )
    assert first.read_bytes().startswith(start)
    assert first.read_bytes() == second.read_bytes()
    assert [path.name for path in first.parent.iterdir()] == [f"f.{kind}"]
    other = [{**one, "lhs": [2 * value for value in one["lhs"]]} for one in series]
    assert figures.encode(figures.draw(claims[NAME], other), kind) != first.read_bytes()


def test_pdf_keeps_its_text_as_text_and_has_no_date(claims, series) -> None:
    content = figures.encode(figures.draw(claims[NAME], series), "pdf")
    assert b"/FontType 42" in content or b"/CIDFontType2" in content or b"/TrueType" in content
    assert b"/Type3" not in content
    assert b"CreationDate" not in content


def test_claim_without_figure_is_refused(claims) -> None:
    with pytest.raises(ValueError, match="must have a figure"):
        figures.draw(claims["circles2024/square_of_a_sum"], [{}])


def test_series_of_fewer_cases_are_refused(claims, series) -> None:
    with pytest.raises(ValueError, match="a series for each of 3 cases, got 2"):
        figures.draw(claims[NAME], series[:2])


def test_axis_without_label_is_refused(claims, series, monkeypatch) -> None:
    module = sys.modules[claims[NAME].check.__module__]
    monkeypatch.setattr(module, "figure", lambda axes, _: axes.set_xlabel("only this"))
    with pytest.raises(ValueError, match=r"must label both axes, got \('only this', ''\)"):
        figures.draw(claims[NAME], series)


def test_other_formats_are_refused(claims, series, tmp_path) -> None:
    with pytest.raises(ValueError, match="format must be one of pdf, png, svg, got 'bmp'"):
        figures.save(figures.draw(claims[NAME], series), tmp_path / "figure.bmp")
    assert list(tmp_path.iterdir()) == []


def test_case_without_series_or_with_a_changed_file_is_refused(verified, claims, tmp_path) -> None:
    report = tmp_path / "report"
    shutil.copytree(verified[0], report)
    records = ledger.read(report)
    kept = [line for line in records if line["index"] != 1]
    with pytest.raises(ValueError, match="must have a series for case 1"):
        figures.series_of(report, claims[NAME], kept)
    bare = [{**line, "series": None} for line in records]
    with pytest.raises(ValueError, match="must have a series for case 0"):
        figures.series_of(report, claims[NAME], bare)
    longer = replace(claims[NAME], cases=(*claims[NAME].cases, "another"))
    with pytest.raises(ValueError, match="must have a series for case 3"):
        figures.series_of(report, longer, records)
    file = next((report / "series").glob("*__2.json"))
    file.write_text(json.dumps({"t": [0.0], "lhs": [0.0], "rhs": [0.0]}))
    with pytest.raises(ValueError, match="it was changed"):
        figures.series_of(report, claims[NAME], records)
