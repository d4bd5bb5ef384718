"""XML of strangers -> elements. Entities, DTDs, the network and huge trees are off, and how deep it goes is bounded.

lxml's own limits refuse what is larger. A DOCTYPE that names its DTD, or declares elements, is common in older files
and harmless; one that declares an entity is refused, so that neither a file nor a billion laughs comes in.
"""

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from reasons import Code, Reason
from services.formats.base import MAX_DEPTH, refused, shortened

Element = Any
_DECLARES = re.compile(rb"<!(?:ENTITY|NOTATION)")
_ENCODED = re.compile(rb"encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")


def parse(data: bytes, path: str = "") -> Element:
    """Return the root; raise InvalidInput, which says what is wrong and where."""
    # Any encoding shows the mark-up once its empty bytes are gone.
    if _DECLARES.search(data.replace(b"\x00", b"")):
        raise refused(Code.IMPORT_ENTITIES)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(_readable(data), parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        where = f"{path}: " if path else ""
        raise refused(Code.IMPORT_XML, said=shortened(f"{where}{error}")) from error
    _require_shallow(root)
    return root


def _readable(data: bytes) -> bytes:
    """Return what the parser can read: files that say UTF-8 and aren't are Windows-1252 in truth."""
    declared = _ENCODED.search(data[:200])
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or (declared and declared[1].lower() not in (b"utf-8", b"utf8")):
        return data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return re.sub(rb"^\s*<\?xml[^>]*\?>", b"", data, count=1).decode("cp1252", "replace").encode()
    return data


def _require_shallow(root: Element) -> None:
    depth = 0
    for event, _element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise refused(Code.IMPORT_DEEP, most=MAX_DEPTH)


def name_of(element: Element) -> str:
    """Return an element's name without its namespace; nothing for what is no element."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def children(element: Element, *names: str) -> list[Element]:
    """Return the children with these names, whatever their namespace; all without a name."""
    return [child for child in element if isinstance(child.tag, str) and (not names or name_of(child) in names)]


def first(element: Element | None, *path: str) -> Element | None:
    """Return the first element along a path of names, None where one is missing."""
    for name in path:
        element = next(iter(children(element, name)), None) if element is not None else None
    return element


def below(element: Element, *names: str) -> Iterator[Element]:
    """Return every element below that has one of the names, in the order of the document."""
    return (each for each in element.iterdescendants() if name_of(each) in names)


def words(element: Element | None) -> str:
    """Return an element's text without the spaces around it."""
    return "".join(element.itertext()).strip() if element is not None else ""


def said(element: Element | None, *path: str) -> str:
    """Return the text of the element along a path; empty where there is none."""
    return words(first(element, *path))


def inner(element: Element) -> str:
    """Return what stands in an element as mark-up, without namespaces."""
    parts = [_escaped(element.text or "")]
    for child in element:
        parts.append(_outer(child) if isinstance(child.tag, str) else "")
        parts.append(_escaped(child.tail or ""))
    return "".join(parts)


def _outer(element: Element) -> str:
    name = name_of(element)
    attributes = "".join(
        f' {etree.QName(key).localname}="{_escaped(value).replace(chr(34), "&quot;")}"'
        for key, value in element.attrib.items()
    )
    return f"<{name}{attributes}/>" if name in VOID else f"<{name}{attributes}>{inner(element)}</{name}>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def add(parent: Element, name: str, text: str | None = None, /, **attributes: str) -> Element:
    """Add an element with a text; characters that no XML may hold are left out."""
    made = etree.SubElement(parent, name, {key: kept(value) for key, value in attributes.items()})
    made.text = None if text is None else kept(text)
    return made


def kept(text: str) -> str:
    """Return a text without what XML 1.0 has no form for."""
    return _UNKEPT.sub("", text)


_UNKEPT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
VOID = {"br", "hr", "img", "col", "input"}


def written(root: Element) -> bytes:
    """Return a document as bytes."""
    made: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return made


def unread(said: str) -> Reason:
    """Say that a part can't be read."""
    return Reason(Code.MOVE_UNREADABLE, said=shortened(said))
