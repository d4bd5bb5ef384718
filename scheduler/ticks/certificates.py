"""Issues certificates to those who have earned them, and makes their files."""

from collections.abc import Callable

import structlog
from sqlalchemy.exc import OperationalError

from config import Settings
from extensions import db
from models import utcnow
from scheduler import certificate_words
from services.certificates import files, looks
from services.certificates.badges import Site

log = structlog.get_logger("yurt.scheduler")


def issuer(settings: Settings) -> Callable[[], bool]:
    """Return the work of the tick."""
    site, secret = Site(settings.site_name, settings.public_url), settings.secret_key

    def work() -> bool:
        """Look at those who may have earned one, else make the files of one; say whether there may be more."""
        issued = looks.work(now=utcnow())
        if issued is not None:
            db.session.commit()
            if issued:
                log.info("certificates issued", count=issued)
            return True
        return make_files()

    def make_files() -> bool:
        certificate = files.take(now=utcnow())
        if certificate is None:
            db.session.rollback()
            return False
        certificate_id = certificate.id
        try:
            files.make(certificate, site, secret, certificate_words.said, now=utcnow())
        except OperationalError:
            raise  # the database's trouble passes
        except Exception as error:
            # A name that can't be drawn must not hold up those behind it.
            log.error("a certificate's files failed", exc_info=error, certificate=certificate_id)
            db.session.rollback()
            files.put_off(certificate_id, now=utcnow())
        db.session.commit()
        return True

    return work
