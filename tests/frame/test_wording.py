"""Translating in templates does what Jinja's own does."""

from typing import Any

import pytest
from flask import render_template_string


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ _('Plain') }}", "Plain"),
        ("{{ gettext('Hello, %(name)s', name='<b>') }}", "Hello, &lt;b&gt;"),
        ("{{ _('100 %% of %(most)s', most=5) }}", "100 % of 5"),
        ("{{ _('50 %%') }}", "50 %"),
        ("{{ ngettext('%(num)s point', '%(num)s points', 1) }}", "1 point"),
        ("{{ ngettext('%(num)s point', '%(num)s points', 3) }}", "3 points"),
        ("{% trans name='<i>' %}Bye, {{ name }}{% endtrans %}", "Bye, &lt;i&gt;"),
        ("{{ _('<em>ours</em>') }}", "<em>ours</em>"),
        ("{% autoescape false %}{{ _('Hello, %(name)s', name='<b>') }}{% endautoescape %}", "Hello, <b>"),
    ],
)
def test_a_string_of_a_template(app: Any, template: str, expected: str) -> None:
    with app.test_request_context("/"):
        assert render_template_string(template) == expected
