"""Collect the strings that people read, and bring the catalogues of all languages up to date.

    make messages              writes translations/messages.pot, updates and compiles every catalogue
    make messages ARGS="de"    begins German, too: translations/de/LC_MESSAGES/messages.po

Strings are what stands in `_()`, `gettext`, `ngettext` and `lazy_gettext`, and in `N_` and `N_n` of reasons/codes.py.
A catalogue keeps the translations that it has; what is new in it waits for a translator, and is shown in English until
then. A run that finds nothing new changes no file. Nothing here says which languages the site offers: that is
`SUPPORTED_LOCALES` in languages.py.
"""

import argparse
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from cli.checks import run_main

ROOT = Path(__file__).resolve().parents[1]
# Words are made at the edges; those of reasons stand beside their codes, those of mail beside what it tells.
FOLDERS = ("blueprints", "cli", "gateway", "question_types", "reasons", "scheduler", "services", "templates")
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2")]
KEYWORDS = {**DEFAULT_KEYWORDS, "lazy_gettext": None, "N_n": (2, 3)}
HEADER = "# Strings of Yurt, collected by `make messages`."


def main() -> int:
    """Do it for the whole checkout."""
    parser = argparse.ArgumentParser(prog="python -m cli.messages", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("language", nargs="*", help="a language to begin, such as de or pt_BR")
    for line in bring_up_to_date(ROOT, parser.parse_args().language):
        print(line)
    return 0


def bring_up_to_date(root: Path, new_languages: Sequence[str] = ()) -> list[str]:
    """Write the template and all catalogues under `root`; return what to tell, a line a file."""
    template = collect(root)
    folder = root / "translations"
    lines = [f"{len(template)} strings in {_write(folder / 'messages.pot', _text(template), root)}"]
    for language in new_languages:
        begin(root, language)
    for path in catalogues(root):
        catalog = _read(path)
        catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
        written = _write(path, _text(catalog), root)
        compiled = io.BytesIO()
        write_mo(compiled, catalog)
        _write(path.with_suffix(".mo"), compiled.getvalue(), root)
        done = sum(1 for entry in catalog if entry.id and _is_translated(entry.string))
        lines.append(f"{done} of them translated in {written}")
    return lines


def collect(root: Path) -> Catalog:
    """Return the strings of the code and the templates under `root`, in the order of files."""
    template = Catalog(header_comment=HEADER, project="Yurt", fuzzy=False)
    for folder in FOLDERS:
        strings = extract_from_dir(root / folder, METHODS, keywords=KEYWORDS, comment_tags=())
        for name, _line, message, _comments, context in strings:
            # Without the line: a catalogue then changes with its strings alone.
            template.add(message, locations=[(f"{folder}/{name}", None)], context=context)  # type: ignore[list-item]
    return template


def begin(root: Path, language: str) -> None:
    """Make an empty catalogue of a language; one that is there stays as it is."""
    try:
        locale = Locale.parse(language)
    except (ValueError, UnknownLocaleError):
        raise SystemExit(f"{language} isn't a language: write de, or pt_BR.") from None
    path = root / "translations" / str(locale) / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        path.parent.mkdir(parents=True)
        path.write_bytes(_text(Catalog(locale=locale, header_comment=HEADER, project="Yurt", fuzzy=False)))


def catalogues(root: Path) -> list[Path]:
    """Return the catalogue of each language that somebody has begun."""
    return sorted((root / "translations").glob("*/LC_MESSAGES/messages.po"))


def missing(root: Path) -> dict[str, list[str]]:
    """Return the strings that catalogues lack until the next `make messages`, by the catalogue's path."""
    paths = catalogues(root)
    wanted = collect(root) if paths else Catalog()
    lacking = {str(path.relative_to(root)): _lacking(wanted, _read(path)) for path in paths}
    return {path: strings for path, strings in lacking.items() if strings}


def _is_translated(string: str | Sequence[str] | None) -> bool:
    return bool(string) if isinstance(string, str) or string is None else all(string)


def _lacking(wanted: Iterable, catalog: Catalog) -> list[str]:  # type: ignore[type-arg]  # Babel's isn't generic
    return [str(entry.id) for entry in wanted if entry.id and catalog.get(entry.id, entry.context) is None]


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def _text(catalog: Catalog) -> bytes:
    written = io.BytesIO()
    write_po(written, catalog, width=120, ignore_obsolete=False)
    return written.getvalue()


def _write(path: Path, data: bytes, root: Path) -> str:
    """Write a file whose content is new but for its date; return its path as people type it."""
    if not path.exists() or _undated(path.read_bytes()) != _undated(data):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return str(path.relative_to(root))


def _undated(data: bytes) -> list[bytes]:
    return [line for line in data.splitlines() if not line.startswith(b'"POT-Creation-Date:')]


if __name__ == "__main__":
    run_main(main)
