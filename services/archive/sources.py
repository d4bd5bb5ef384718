"""One question as its author writes it: the YAML of an archive's entry, in and out, with the same faults."""

from services.archive.content import QuestionContent
from services.archive.documents import Document
from services.archive.faults import Faults, control_character
from services.archive.nodes import parse
from services.archive.read_quiz import read_question
from services.archive.shapes import QuestionEntry
from services.archive.write import yaml_of
from services.errors import InvalidInput

FILE = "question"
MAX_SOURCE = 200_000


def read_source(text: str) -> QuestionContent:
    """Return the question; raise ArchiveError with every fault, InvalidInput for what is no text of a document."""
    if len(text) > MAX_SOURCE:
        raise InvalidInput("source", f"is over {MAX_SOURCE} characters")
    faults = Faults()
    control = control_character(text)
    if control:
        faults.add(FILE, control[0], "source", f"holds the control character {control[1]}")
        faults.check()
    document = Document(QuestionEntry, parse(text, FILE, faults), FILE, faults)
    question = read_question(document)
    if document.has("state"):
        document.fault("isn't written here: a question is moved by its buttons", "state")
    faults.check()
    return question


def write_source(question: QuestionContent) -> str:
    """Return the question as its author writes it, without its state."""
    return yaml_of(question)
