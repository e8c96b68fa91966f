"""The page says what the ledger says, escapes everything, and stands alone."""

import base64
import hashlib
import html
import json
import re
from dataclasses import replace

import pytest

from theorylab.claims.catalogue import load
from theorylab.claims.paper import NotChecked
from theorylab.report import cards, ledger, page

NAME = "circles2024/parabola_bounds_line_of_positive_width"


@pytest.fixture(scope="module")
def entries(laboratory):
    return load(laboratory)


@pytest.fixture(scope="module")
def run(verified):
    report, _ = verified
    return ledger.read(report), ledger.read_environment(report)


@pytest.fixture(scope="module")
def text(verified) -> str:
    return (verified[0] / "index.html").read_text(encoding="utf-8")


def changed(records, name, **values):
    """The records with one value of the first case of a claim changed."""
    place = next(n for n, line in enumerate(records) if line["id"] == name)
    return [{**line, **values} if n == place else line for n, line in enumerate(records)]


def article(text: str, name: str) -> str:
    return re.search(rf'<article id="{name.replace("/", ".")}".*?</article>', text, re.DOTALL)[0]


def test_page_names_every_statement_case_and_twin(text, entries) -> None:
    assert text.count("<article ") == 4
    for claim in (claim for entry in entries for claim in entry.claims):
        card = article(text, claim.id)
        told = claim.describe()
        for part in (claim.title, claim.source.item, told["file"], *told["cases"]):
            assert html.escape(part) in card
        for twin in claim.must_fail:
            assert str(page.escape(twin)) in card
        assert f'data-relation="{claim.relation.name}"' in card
        assert f'data-evidence="{claim.evidence.name}"' in card


def test_page_escapes_titles_prose_and_names(text) -> None:
    assert "Sums of &lt;squares&gt;" in text
    assert "a factor &lt;2&gt;" in text
    assert "&lt;transcendental&gt;" in text
    assert "<squares>" not in text
    assert "<transcendental>" not in text


def test_card_shows_margin_given_reading_and_figure(text) -> None:
    card = article(text, NAME)
    assert "reconstructed" in card
    assert '<a href="#circles2024.square_of_a_sum">square of a sum</a> (holds)' in card
    image = re.search(r'src="data:image/svg\+xml;base64,([^"]+)" alt="([^"]*)"', card)
    assert image[2] == ("Parabola bounds line of positive width: value against position t")
    assert b"<svg" in base64.b64decode(image[1])
    assert "under its parabola" in card
    assert "3 cases hold" in card
    assert "2 false twins rejected" in card
    sampled = article(text, "sums2025/rare_event_is_rare")
    assert "Chance of a false alarm at most 1.0e-12, of a miss at most 1.0e-12" in sampled
    assert "Seed 7." in sampled


def test_counts_of_the_header(text) -> None:
    assert "<h1>4 of 4 statements hold</h1>" in text
    assert "run on 6 cases" in text
    assert "rejected 5 of 5 false twins" in text
    links = re.findall(r'<a href="#relation=(\w+)&amp;evidence=(\w+)">(\d+)</a>', text)
    assert sorted(links) == [
        ("AS_STATED", "SYMBOLIC", "1"),
        ("BEYOND", "SAMPLED", "1"),
        ("REFUTES", "EXHAUSTIVE", "1"),
        ("SHARPENS", "NUMERIC", "1"),
    ]


def test_page_stands_alone_and_its_policy_names_the_hashes(text) -> None:
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1])
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        inside = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert re.findall(r'(?:src|href)="(?!#|data:)([^"]+)"', text) == [
        "https://arxiv.org/abs/0000.00001",
        "https://arxiv.org/abs/0000.00002",
    ]
    assert not re.search(r"<[^>]+ style=|<[^>]+ on\w+=", text)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ({"verdict": "FAILS", "ok": False, "margin": -0.25}, "FAILS"),
        ({"verdict": "UNDECIDED", "ok": False}, "UNDECIDED"),
        ({"verdict": "ERROR", "ok": False, "margin": None}, "ERROR"),
    ],
)
def test_red_case_makes_the_statement_red(entries, run, values, verdict) -> None:
    records, environment = run
    spoilt = changed(records, NAME, **values)
    text, problems = page.render(entries, spoilt, environment, drawings={})
    assert problems == []
    card = article(text, NAME)
    assert f'data-verdict="{verdict}"' in card
    assert "2 of 3 cases hold" in card
    assert "<details open>" in card
    assert "<h1>3 of 4 statements hold</h1>" in text
    assert 'data-verdict="HOLDS"' in article(text, "circles2024/square_of_a_sum")


def test_worst_verdict_wins_and_missing_items_are_incomplete(entries, run) -> None:
    records, _ = run

    def verdict(lines):
        dealt, not_run = cards.deal(entries, lines, thorough=False)
        return next(card.verdict for card in dealt if card.id == NAME), len(not_run)

    assert verdict(records) == ("HOLDS", 0)
    twin = next(n for n, o in enumerate(records) if o["id"] == NAME and o["kind"] == "twin")
    accepted = {**records[twin], "verdict": "ACCEPTED", "ok": False}
    lines = [accepted if n == twin else line for n, line in enumerate(records)]
    assert verdict(lines) == ("UNDECIDED", 0)
    lines = changed(lines, NAME, verdict="FAILS", ok=False)
    assert verdict(lines) == ("FAILS", 0)
    short = [line for line in records if (line["id"], line["index"]) != (NAME, 2)]
    assert verdict(short) == ("INCOMPLETE", 0)
    assert verdict([line for line in records if line["id"] == NAME]) == ("HOLDS", 3)
    assert cards.deal(entries, records, thorough=True)[0][0].verdict == "INCOMPLETE"


def test_statement_that_was_not_run_is_named(entries, run) -> None:
    records, environment = run
    only = [line for line in records if line["paper"] == "circles2024"]
    text, _ = page.render(entries, only, environment, drawings={})
    assert text.count("<article ") == 2
    assert "2 more not run" in text
    assert "Rare event is rare (Sec. 4)" in text


def test_stopped_run_says_so(entries, run) -> None:
    records, environment = run
    assert "This run was stopped" not in page.render(entries, records, environment, drawings={})[0]
    environment = {name: value for name, value in environment.items() if name != "finished"}
    assert "This run was stopped" in page.render(entries, records, environment, drawings={})[0]


def test_texts_that_cannot_be_typeset_are_reported_and_shown_as_written(entries, run) -> None:
    records, environment = run
    first = entries[0]
    claims = [replace(claim, statement=r"$\nonsense{x}$ <b>") for claim in first.claims]
    items = (NotChecked("Item", r"$\worse$", "no reason & more"),)
    entry = replace(first, claims=tuple(claims), not_checked=items)
    text, problems = page.render([entry], records, environment, drawings={})
    assert [re.search(r"'(\\+\w+)'", problem)[1] for problem in problems] == [
        r"\\nonsense",
        r"\\nonsense",
        r"\\worse",
    ]
    assert r"<p>$\nonsense{x}$ &lt;b&gt;</p>" in text
    assert "no reason &amp; more" in text
    assert text.count('role="alert"') == 3


def test_figure_that_raises_is_reported(entries, run, tmp_path) -> None:
    records, environment = run
    (tmp_path / "ledger.jsonl").write_text("".join(json.dumps(o) + "\n" for o in records))
    (tmp_path / "environment.json").write_text(json.dumps(environment))
    written, problems = page.write(tmp_path, entries, refused={"a/b": "SyntaxError: <c>"})
    assert written == tmp_path / "index.html"
    assert len(problems) == 2
    assert problems[0] == "a/b could not be read as a claim: SyntaxError: <c>"
    assert NAME in problems[1]
    assert "SyntaxError: &lt;c&gt;" in written.read_text()
    assert "data:image/svg" not in written.read_text()


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "exact"), (0.0, "0"), (0.25, "+0.25"), (-1e-12, "-1e-12")]
)
def test_margins_for_reading(value, shown) -> None:
    assert page.margin(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.001, "< 10 ms"), (0.256, "0.26 s"), (9.94, "9.9 s"), (75.2, "75 s")]
)
def test_durations_for_reading(value, shown) -> None:
    assert page.seconds(value) == shown


def test_provenance_has_versions_and_wall_time() -> None:
    rows = page.provenance(
        {
            "started": "2026-01-01T00:00:00+00:00",
            "finished": "2026-01-01T00:01:30+00:00",
            "command": ["theorylab", "verify"],
            "thorough": False,
            "commit": None,
            "packages": {"torch": "2", "flint": None},
        }
    )
    assert ("wall time", "90 s") in rows
    assert ("command", "theorylab verify") in rows
    assert ("thorough", "no") in rows
    assert ("torch", "2") in rows
    assert not {"commit", "flint", "packages"} & {name for name, _ in rows}


def test_margin_seeds_and_seconds_of_a_card() -> None:
    line = {"verdict": "HOLDS", "ok": True, "seconds": 0.5, "kind": "case"}
    lines = tuple({**line, "margin": m, "seed": s} for m, s in [(0.5, 2), (None, None), (-0.1, 1)])
    card = cards.Card("a/b", "a", None, lines, (), 3)
    assert (card.margin, card.seeds, card.seconds) == (-0.1, [1, 2], 1.5)
    assert cards.Card("a/b", "a", None, lines[1:2], (), 1).margin is None
    assert (card.title, card.anchor) == ("B", "a.b")
