"""Statements become HTML in which prose is escaped and no formula is shown as something else."""

import re

import pytest

from theorylab.report.typeset import formula, statement

REFUSED = {
    "unknown macro": r"\foo{x}",
    "unknown operator": r"\arg x",
    "unknown macro in text": r"\text{\foo}",
    "brace left open": r"\frac{1}{2",
    "brace closed twice": "a } b { c",
    "nothing to raise": "x^",
    "delimiter left open": r"\left( x",
    "unknown environment": r"\begin{tikzpicture} x \end{tikzpicture}",
    "numbered environment": r"\begin{align} a &= b \end{align}",
    "alignment outside an environment": "a & b",
    "line break outside an environment": r"a \\ b",
    "link": r"\href{javascript:alert(1)}{x}",
    "style": r"\style{position:fixed}{x}",
    "box that browsers do not draw": r"\boxed{x}",
    "empty": " ",
}


@pytest.mark.parametrize("latex", REFUSED.values(), ids=REFUSED.keys())
def test_formula_that_would_be_shown_wrongly_is_refused(latex: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        formula(latex)


@pytest.mark.parametrize(
    ("latex", "part"),
    [
        (r"\mathbb R^d", "<mi>ℝ</mi>"),
        (r"\mathbf 1", "<mn>𝟏</mn>"),
        (r"\boldsymbol{\mu}", "<mi>𝝁</mi>"),
        (r"\ln x", '<mi>ln</mi><mspace width="0.167em" /><mi>x</mi>'),
        (r"\ln (x)", '<mi>ln</mi><mo stretchy="false">(</mo>'),
        (r"2 \ln x", '<mn>2</mn><mspace width="0.167em" /><mi>ln</mi>'),
        (r"a \leqslant b", '<mo stretchy="false">⩽</mo>'),
        (r"\bar\alpha", 'mover accent="true"'),
        (r"\sup_t x", "<munder><mo"),
        (r"x := y", "<mo>:=</mo>"),
        (r"a \! b", '<mspace width="-0.167em" />'),
        (r"\{x < y\}", "<mo>&lt;</mo>"),
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "<mtr>"),
        (r"\infty", "<mi>∞</mi>"),
        (r"|x|/n", '<mo stretchy="false" lspace="0" rspace="0">|</mo>'),
        (r"a/n", '<mo lspace="0" rspace="0">/</mo>'),
        (r"a, -b", '<mo form="prefix">−</mo>'),
        (r"(a) - b", "<mo>−</mo>"),
        (r"0,\,-p", '<mo form="prefix">−</mo>'),
        (r"\Delta", '<mi mathvariant="normal">Δ</mi>'),
        (r"3 \pmod 5", '<mo stretchy="false">(</mo><mi>mod</mi>'),
        (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", "<mo>(</mo><mtable>"),
        (r"\binom{n}{k}", '<mo minsize="2.047em" maxsize="2.047em">(</mo>'),
    ],
)
def test_formula_is_put_as_browsers_need_it(latex: str, part: str) -> None:
    assert part in formula(latex)


def test_formula_keeps_its_latex_as_an_alternative_text() -> None:
    assert 'alttext="a &lt; &quot;b&quot;"' in formula('a < "b"')
    assert 'display="block"' in formula("a", display=True)
    assert 'display="inline"' in formula("a")


def test_prose_is_escaped_and_formulas_are_not() -> None:
    html = statement("If <b> & $x<y$:\n\n$$x=y$$ costs \\$3, see `a<b $c`.")
    assert html.startswith('<p>If &lt;b&gt; &amp; <span class="tie"><math ')
    assert html.count("<p>") == 2
    assert "costs $3, see <code>a&lt;b $c</code>." in html
    assert html.count("<math ") == 2
    assert html.count('class="display"') == 1
    assert not re.search(r"<(?!/?(p|math|mrow|mi|mo|span|code)\b)", html)


def test_list_in_a_statement() -> None:
    html = statement("Both:\n- $a$ and\n  more;\n- b - c.")
    assert html.count("<li>") == 2
    assert "<li>b - c.</li>" in html
    assert html.startswith("<p>Both:</p><ul>")


@pytest.mark.parametrize("mark", ["$", "$$"])
def test_a_minus_at_the_beginning_of_a_line_of_a_formula_opens_no_list(mark: str) -> None:
    html = statement(f"Here {mark}a\n  - b{mark} is\n- c.")
    assert html.count("<li>") == 1
    assert html.count("<math") == 1


@pytest.mark.parametrize("text", ["costs $3", "a $x$ and $y"])
def test_odd_dollar_sign_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must come in pairs"):
        statement(text)


def test_punctuation_stays_with_its_formula() -> None:
    html = statement("For ($a$, $b$) at $c$; $d$ and $n$-th")
    tied = re.findall(r'<span class="tie">(.*?)<math.*?</math>(.*?)</span>', html)
    assert tied == [("(", ","), ("", ")"), ("", ";"), ("", "-")]
    assert html.count("<math") == 5
