"""The words of certificates, in the language in which their people are written to."""

from babel.dates import format_date

from models import Certificate
from reasons import N_, Catalogue
from services import markdown
from services.certificates import badges, rules
from services.certificates.badges import Site
from services.certificates.drawing import Words
from services.certificates.files import Said

HEADING = N_("Certificate of completion")
INTRO = N_("This certifies that")
DONE = N_("has completed the course")
CHECK = N_("Whether it is valid is said at this address:")
LESSONS = N_("%(percent)s %% of the lessons read")
QUIZZES = N_("at least %(percent)s %% in each quiz")
LABS = N_("at least %(percent)s %% of the checks of each lab passed")
GRADE = N_("a grade of at least %(percent)s %% in total")
ASKED: dict[rules.Asked, str] = {"lessons": LESSONS, "quizzes": QUIZZES, "labs": LABS, "grade": GRADE}


def said(site: Site, certificate: Certificate) -> Said:
    """Return what a certificate says."""
    language = certificate.user.language
    catalogue = Catalogue(language)
    page = Words(
        heading=catalogue.gettext(HEADING),
        intro=catalogue.gettext(INTRO),
        name=certificate.name,
        done=catalogue.gettext(DONE),
        course=markdown.plain(certificate.course_title),
        issued=format_date(certificate.issued_at, "long", locale=language),
        site=site.name,
        check=catalogue.gettext(CHECK),
        address=badges.address(site, certificate),
    )
    return Said(page, _criteria(certificate, catalogue))


def _criteria(certificate: Certificate, catalogue: Catalogue) -> str:
    rule = rules.read(certificate.rule)
    lines = []
    for asked, words in ASKED.items():
        percent = getattr(rule, rules.FIELDS[asked])
        if percent is not None:
            lines.append(f"- {catalogue.gettext(words) % {'percent': percent}}")
    return "\n".join(lines)
