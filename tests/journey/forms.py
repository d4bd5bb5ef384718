"""The forms that a site has: found in its templates, on the pages that a person can reach, and on those they open."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from playwright.sync_api import BrowserContext, Page

from config import ROOT

TEMPLATES = ROOT / "templates"
# Describe the forms of a document, those in <template> as well. A field that nobody sees is filled in by nobody.
DESCRIBE = """(document, url) => {
  const roots = [document, ...[...document.querySelectorAll("template")].map((each) => each.content)];
  return roots.flatMap((root) => [...root.querySelectorAll("form")]).map((form) => ({
    page: new URL(url).pathname,
    id: form.closest("[id]")?.id ?? "",
    method: form.getAttribute("method") ?? "",
    action: new URL(form.getAttribute("action") || url, url).href,
    fields: [...form.querySelectorAll("input, select, textarea")]
      .filter((field) => field.type !== "hidden" && !field.classList.contains("visually-hidden"))
      .map((field) => field.name || field.id),
  }));
}"""
# Follow every link from the front page on, as whoever is signed in.
CRAWL = f"""async () => {{
  const describe = {DESCRIBE};
  const seen = new Set(["/"]), forms = [];
  for (const path of seen) {{
    // A way to another site is none for a script.
    const response = await fetch(path).catch(() => null);
    if (!response?.ok || !response.headers.get("Content-Type")?.startsWith("text/html")) continue;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    forms.push(...describe(page, response.url));
    for (const link of page.querySelectorAll("a[href]")) {{
      const url = new URL(link.getAttribute("href"), response.url);
      if (url.origin === location.origin && !url.pathname.startsWith("/api/")) seen.add(url.pathname + url.search);
    }}
  }}
  return {{paths: [...seen], forms}};
}}"""


class Finder:
    """Names forms by what they send and where: `POST auth.profile (display_name, theme, time_zone)`."""

    def __init__(self, app: Flask) -> None:
        self._addresses = app.url_map.bind("localhost")

    def name(self, form: dict[str, Any]) -> str:
        """Return the form's name; one that only a script sends has the id of itself or of what it stands in."""
        fields = ", ".join(sorted({re.sub(r"\d+$", "N", name) for name in form["fields"]}))
        method = form["method"].upper()
        if method not in ("GET", "POST"):
            return f"#{form['id']} ({fields})"
        endpoint, arguments = self._addresses.match(urlsplit(form["action"]).path, method=method)
        action = f" {arguments['action']}" if "action" in arguments else ""
        return f"{method} {endpoint}{action} ({fields})"

    def names(self, forms: Iterable[dict[str, Any]]) -> set[str]:
        """Return the names of some forms."""
        return {self.name(form) for form in forms}


def watch(context: BrowserContext, into: list[dict[str, Any]]) -> None:
    """Note the forms of every page that is opened in the browser."""
    context.expose_binding("noteForms", lambda _source, forms: into.extend(forms))
    # A page that is left before its scripts have run has been read to its end, or its form has been sent.
    context.add_init_script(
        f"""for (const event of ["readystatechange", "DOMContentLoaded", "submit"]) {{
          addEventListener(event, () => noteForms(({DESCRIBE})(document, location.href)), true);
        }}"""
    )


def crawl(page: Page) -> tuple[list[str], list[dict[str, Any]]]:
    """Return every address that links lead to from the front page, and the forms there."""
    found = page.evaluate(CRAWL)
    return found["paths"], found["forms"]


def in_templates() -> Counter[str]:
    """Return how many forms each template has."""
    counts = {
        str(path.relative_to(TEMPLATES)): len(re.findall(r"<form\b", path.read_text()))
        for path in TEMPLATES.rglob("*.html")
    }
    return Counter({name: count for name, count in counts.items() if count})
