"""Questions -> a package of QTI 2.1: an item each, a manifest with their tags, and the pictures that they show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from services.archive.content import QuestionContent
from services.archive.zips import pack
from services.formats import carrying, xml
from services.formats.base import Notes, Written
from services.formats.packages import MANIFEST
from services.formats.qti21 import hypertext, writing_kinds

_ITEM = "http://www.imsglobal.org/xsd/imsqti_v2p1"
_PACKAGE = "http://www.imsglobal.org/xsd/imscp_v1p1"
_METADATA = "http://ltsc.ieee.org/xsd/LOM"


@dataclass
class Item:
    """An item that is being written: its parts as XML, in the order in which they stand in it."""

    question: QuestionContent
    notes: Notes
    files: Mapping[str, bytes]
    shown: set[str] = field(default_factory=set)
    declarations: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    processing: list[str] = field(default_factory=list)
    body: str = ""
    tags: list[str] = field(default_factory=list)

    def block(self, text: str) -> str:
        """Return Markdown as XHTML."""
        return hypertext.block(text, self.files, self.shown)

    def line(self, text: str) -> str:
        """Return one line of Markdown as XHTML."""
        return hypertext.line(text, self.files, self.shown)

    def xml(self) -> bytes:
        """Return the whole item."""
        said, name = self.question, quoted(carrying.title(self.question))
        points = f"{said.points:g}"
        feedback = ""
        if said.feedback:
            self.outcomes.append(
                '<outcomeDeclaration identifier="FEEDBACK" cardinality="single" baseType="identifier">'
                "<defaultValue><value>general</value></defaultValue></outcomeDeclaration>"
            )
            shown = 'outcomeIdentifier="FEEDBACK" identifier="general" showHide="show"'
            feedback = f"<modalFeedback {shown}>{self.block(said.feedback)}</modalFeedback>"
        processing = "".join(self.processing)
        parts = [
            '<?xml version="1.0" encoding="UTF-8"?>\n',
            f'<assessmentItem xmlns="{_ITEM}" identifier="{identifier(said)}" title="{name}" label="{said.slug}"',
            ' adaptive="false" timeDependent="false">',
            *self.declarations,
            f'<outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float" normalMaximum="{points}">',
            "<defaultValue><value>0</value></defaultValue></outcomeDeclaration>",
            *self.outcomes,
            f"<itemBody>{self.body}</itemBody>",
            f"<responseProcessing>{processing}</responseProcessing>" if processing else "",
            feedback,
            "</assessmentItem>\n",
        ]
        return "".join(parts).encode()


def write(questions: Sequence[QuestionContent], files: Mapping[str, bytes]) -> Written:
    """Write each question that QTI has an interaction for; the rest is told."""
    return carrying.written(
        questions, lambda question, notes: _item(question, notes, files), lambda items: _package(items, files)
    )


def _item(question: QuestionContent, notes: Notes, files: Mapping[str, bytes]) -> tuple[Item, bytes]:
    make = writing_kinds.KINDS.get(question.kind)
    if make is None:
        raise carrying.unknown(question)
    carrying.note_common(question, notes, has=("points",))
    item = Item(question, notes, files, tags=carrying.tags(question))
    make(item)
    data = item.xml()
    # What isn't well-formed would make the whole package useless.
    xml.parse(data)
    return item, data


def _package(items: list[tuple[Item, bytes]], files: Mapping[str, bytes]) -> bytes:
    shown = {path for item, _data in items for path in item.shown}
    own = {f"{item.question.slug}.xml": data for item, data in items}
    return pack({MANIFEST: _manifest([item for item, _data in items]), **own, **{path: files[path] for path in shown}})


def _manifest(items: list[Item]) -> bytes:
    resources = []
    for item in items:
        words = "".join(f"<lom:keyword><lom:string>{escape(tag)}</lom:string></lom:keyword>" for tag in item.tags)
        told = f"<metadata><lom:lom><lom:general>{words}</lom:general></lom:lom></metadata>" if words else ""
        name = f"{item.question.slug}.xml"
        own = "".join(f'<file href="{quoted(path)}"/>' for path in (name, *sorted(item.shown)))
        resources.append(
            f'<resource identifier="R-{identifier(item.question)}" type="imsqti_item_xmlv2p1" href="{name}">'
            f"{told}{own}</resource>\n"
        )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<manifest xmlns="{_PACKAGE}" xmlns:lom="{_METADATA}" '
        'identifier="questions"><metadata><schema>QTIv2.1 Package</schema>'
        "<schemaversion>1.0.0</schemaversion></metadata>"
        f"<organizations/><resources>\n{''.join(resources)}</resources></manifest>\n"
    ).encode()


def identifier(question: QuestionContent) -> str:
    """Return a name that XML takes for one: it doesn't begin with a digit."""
    return f"q-{question.slug}"


def quoted(text: str) -> str:
    """Return a text as an attribute holds it."""
    return escape(xml.kept(text), quote=True)
