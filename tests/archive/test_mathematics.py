"""Mathematics of authors becomes MathML; shells keep their dollar signs; nothing harmful comes through it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services import mathematics
from services.markdown import plain, render, render_inline
from tests.archive.test_markdown import FORBIDDEN, SCHEME


def test_mathematics_stands_in_a_line_between_dollar_signs_and_back_ticks() -> None:
    html = render("Take $`\\frac{a}{b}`$, and $`x^2`$.")

    assert html.count("<math") == 2
    assert "<mfrac>" in html
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in html
    assert "$" not in html


def test_a_block_of_mathematics_scrolls_by_itself() -> None:
    html = render("```math\n\\sum_{i=1}^n i\n```")

    assert html.startswith('<div class="table-scroll" tabindex="0"><math display="block">')


@pytest.mark.parametrize("text", ["$HOME and $PATH", "`$x`", "costs 5$ `a` or 6$", "$ `a` $", "`a`$", "a $`b` c"])
def test_a_shell_keeps_its_dollar_signs(text: str) -> None:
    assert "<math" not in render(text)
    assert render(text).count("$") == text.count("$")


def test_a_short_text_may_hold_mathematics() -> None:
    assert "<msup>" in render_inline("is $`x^2`$")
    assert plain("is $`x^2`$") == "is x^2"


@pytest.mark.parametrize("latex", ["\\frac{", "x^x^x", "{" * 500, "x" * 5_000, "\\begin{matrix}", "\\left("])
def test_what_cannot_be_read_is_shown_as_it_was_written(latex: str) -> None:
    html = render(f"$`{latex}`$")

    assert "<code>" in html or "<math" in html
    assert not FORBIDDEN.search(html)


HOSTILE = [
    "$`\\text{<script>alert(1)</script>}`$",
    "$`\\text{<img src=x onerror=alert(1)>}`$",
    "$`\\href{javascript:alert(1)}{x}`$",
    "$`\\style{background:url(//evil.example)}{x}`$",
    "$`\\class{button}{x}`$",
    "```math\n\\text{</math><script>alert(1)</script>}\n```",
    '<math href="javascript:alert(1)"><mi xlink:href="javascript:alert(1)">x</mi></math>',
    "<math><maction actiontype='statusline#x' xlink:href='javascript:alert(1)'>x</maction></math>",
    "<math><annotation-xml encoding='text/html'><script>alert(1)</script></annotation-xml></math>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<math><mtext><mglyph><svg><mtext><textarea><a title='</textarea><img src=x onerror=alert(1)>'>",
    "<math><mi><style></math><img src onerror=alert(1)></style></mi></math>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_mathematics_comes_out_harmless(text: str) -> None:
    html = render(text, base_url="/courses/c")

    assert not FORBIDDEN.search(html), html
    assert not SCHEME.search(html), html
    assert "button" not in html
    assert "evil" not in html


@given(st.text(alphabet="\\{}^_&<>'\"= abfractexwx1-+()[]leftrightbeginndmatrix", max_size=60))
@settings(deadline=None, max_examples=200)
def test_no_latex_makes_anything_but_mathml(latex: str) -> None:
    html = render(f"```math\n{latex}\n```")

    assert not FORBIDDEN.search(html)
    assert not SCHEME.search(html)


def test_deep_brackets_end_quickly() -> None:
    assert mathematics.mathml("{" * 10_000 + "}" * 10_000, is_block=False) is None
