"""What authors write becomes HTML; what attackers write becomes harmless."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import markdown
from services.markdown import CALLOUTS, CLASSES, render, render_inline

HOSTILE = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<style>body{display:none}</style>",
    '<img src="files/a.png" onerror="alert(1)">',
    "<img src=x:alert(1) onload=alert(1)//",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="jav&#x09;ascript:alert(1)">x</a>',
    '<a href=" &#14; javascript:alert(1)">x</a>',
    "[x](javascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox(1))",
    "![x](data:image/svg+xml;base64,PHN2Zz4=)",
    '<svg onload="alert(1)"><script>alert(1)</script></svg>',
    '<math><mtext></p><style><img src="" onerror=alert(1)></style></math>',
    '<iframe src="https://evil.example"></iframe>',
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    '<object data="x"></object><embed src="x"><base href="//evil.example/">',
    '<form action="/account"><input name="email"><button formaction="javascript:alert(1)">',
    '<meta http-equiv="refresh" content="0;url=javascript:alert(1)">',
    '<link rel="stylesheet" href="//evil.example/x.css">',
    '<div style="position:fixed;inset:0">x</div>',
    '<p id="csrf-token" class="button is-primary">x</p>',
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "```html onclick=alert(1)\n</code><script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    "> [!NOTE] <script>alert(1)</script>\n> x",
    "# <img src=x onerror=alert(1)>",
    "| <script>x</script> |\n|:--:|\n| <b onclick=x>y |",
    "</div></main></body><p>escaped</p>",
    "<!--[if IE]><script>alert(1)</script><![endif]-->",
    "<a href='//evil.example' target=_blank ping='//evil.example'>x</a>",
]
FORBIDDEN = re.compile(
    r"<(script|style|iframe|object|embed|form|input|button|meta|link|base|svg|body|main|noscript)\b"
    r"|<[^>]*\s(on\w+|style|srcdoc|formaction|ping|target)\s*=",
    re.IGNORECASE,
)
SCHEME = re.compile(r'(?:href|src)="\s*(javascript|data|vbscript):', re.IGNORECASE)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_comes_out_harmless(text):
    html = render(text, base_url="/courses/c")

    assert not FORBIDDEN.search(html)
    assert not SCHEME.search(html)
    assert "csrf-token" not in html
    assert "is-primary" not in html


@given(st.text(alphabet="<>\"'=/ \n#`[]()!*&;:ax-\x00scriponeltyjv", max_size=200))
def test_no_text_makes_a_forbidden_tag_or_an_unknown_class(text):
    html = render(text)

    assert not FORBIDDEN.search(html)
    assert not SCHEME.search(html)
    for classes in re.findall(r'class="([^"]*)"', html):
        assert all(name in CLASSES or name.startswith("language-") for name in classes.split())


@pytest.mark.parametrize("kind", CALLOUTS)
def test_callout_is_an_aside_with_its_hook_and_title(kind):
    html = render(f"> [!{kind.upper()}]\n> Read `this`.")

    assert f'<aside class="callout callout-{kind}">' in html
    assert f'<p class="callout-title">{kind.capitalize()}</p>' in html
    assert "<p>Read <code>this</code>.</p>\n</aside>" in html


def test_callout_takes_a_title_of_its_own_for_courses_in_other_languages():
    html = render("> [!TIP] Gut zu wissen\n> x")

    assert '<p class="callout-title">Gut zu wissen</p>' in html


def test_plain_quote_and_unknown_marker_stay_quotes():
    assert render("> just said").startswith("<blockquote>")
    assert render("> [!SHOUT]\n> x").startswith("<blockquote>")


def test_code_is_coloured_with_classes_and_not_with_styles():
    html = render('```bash\necho "$HOME"\n```')

    assert '<pre class="highlight" tabindex="0"><code class="language-bash">' in html
    assert '<span class="nb">echo</span>' in html
    assert "style" not in html


def test_unknown_language_and_huge_code_are_shown_plain():
    assert '<code class="language-klingon">&lt;b&gt;\n</code>' in render("```klingon\n<b>\n```")
    assert "<span" not in render("```bash\n" + "echo x\n" * 10_000 + "```")


def test_files_point_below_the_base_and_other_images_lose_their_source():
    html = render("![a](files/a.svg) [b](files/b.txt) ![c](https://e.example/c.png)", base_url="/courses/c/")

    assert '<img src="/courses/c/files/a.svg" alt="a">' in html
    assert '<a href="/courses/c/files/b.txt"' in html
    assert '<img alt="c">' in html


@pytest.mark.parametrize(
    "url",
    ["/logout", "//evil.example/x.png", "\\\\evil", "files/../../logout", "files/%2e%2e/x", "files/a?b"],
)
def test_image_outside_the_courses_files_is_refused(url):
    html = render(f'<img src="{url}" alt="x">', base_url="/courses/c")

    assert html.strip() == '<img alt="x">'


def test_headings_have_unique_prefixed_ids_and_links_within_the_page_find_them():
    html = render("# Pipes & *more*\n\n## Pipes & more\n\n[up](#pipes-more)")

    assert '<h2 id="h-pipes-more">' in html
    assert '<h2 id="h-pipes-more-2">' in html
    assert 'href="#h-pipes-more"' in html


def test_external_links_are_marked_and_keep_their_address():
    html = render("[x](https://example.org/?a=1&b=2)")

    assert '<a href="https://example.org/?a=1&amp;b=2" rel="noopener noreferrer">x</a>' in html


def test_table_scrolls_in_a_box_of_its_own_and_aligns_by_class():
    html = render("| a | b |\n|--:|:-:|\n| 1 | 2 |")

    assert html.startswith('<div class="table-scroll" tabindex="0"><table>')
    assert '<td class="align-right">1</td>' in html
    assert '<td class="align-center">2</td>' in html


def test_inline_rendering_knows_code_and_emphasis_only():
    html = render_inline("`ls` **all** <b>x</b> [a](https://b.example)")

    assert html == "<code>ls</code> <strong>all</strong> &lt;b&gt;x&lt;/b&gt; [a](https://b.example)"


def test_rendering_of_deeply_nested_text_ends_quickly():
    assert render("> " * 5_000 + "x")
    assert render("[" * 20_000)
    assert render("*" * 20_000)


def test_headings_have_ids_of_their_own() -> None:
    ids = re.findall(r'id="([^"]+)"', render("# A\n# A\n# A 2\n# A\n"))

    assert len(ids) == len(set(ids)) == 4


def test_footnotes_keep_their_text_and_lead_both_ways() -> None:
    html = render("Text[^1]\n\n[^1]: The note.\n")

    assert "The note." in html
    assert 'href="#h-fn1"' in html and 'id="h-fn1"' in html
    assert 'href="#h-fnref1"' in html and 'id="h-fnref1"' in html


@pytest.mark.parametrize("path", ["files/p.png", "./files/p.png"])
def test_a_file_is_found_however_its_path_begins(path: str) -> None:
    assert 'src="/courses/c/files/p.png"' in render(f"![p]({path})", base_url="/courses/c")


def test_files_in_code_are_no_links() -> None:
    text = "a\nb ![x](files/a.png)\n\n`![x](files/no.png)`\n\n```\n![x](files/no.png)\n```\n\n[l](./files/b.pdf)\n"

    assert markdown.files_of(text) == [("files/a.png", 2), ("files/b.pdf", 10)]


def test_a_short_text_is_read_without_its_marks() -> None:
    assert markdown.plain("*ls* and `rm` <b>") == "ls and rm <b>"
    assert markdown.render_inline("*ls* and `rm` <b>") == "<em>ls</em> and <code>rm</code> &lt;b&gt;"
