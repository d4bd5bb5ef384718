"""What course.yaml asks for a certificate -> the same as content. Each activity that is left out must be there."""

from services.archive.content import CertificateContent
from services.archive.documents import Document
from services.archive.shapes import CourseFile

ASKED = ("lessons_percent", "quiz_percent", "lab_percent", "grade_percent")


def read_certificate(document: Document[CourseFile], known: dict[str, str]) -> CertificateContent | None:
    """Return what is asked; `known` are the slugs of the course's activities. Faults are noted in the document."""
    said = document.said.certificate
    if said is None:
        return None
    asked = {name: getattr(said, name) for name in ASKED}
    if not any(asked.values()):
        document.fault(f"asks for nothing: it needs one of {', '.join(ASKED)}", "certificate")
    for place, slug in enumerate(said.leave_out):
        if slug not in known:
            document.fault(f"there is no activity {slug}", "certificate", "leave_out", place)
    return CertificateContent(**asked, leave_out=tuple(dict.fromkeys(said.leave_out)))
