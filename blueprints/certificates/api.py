"""The JSON API of certificates. What a certificate asks stands in the course's definition."""

from typing import Any

from apiflask import APIBlueprint

from blueprints import access
from blueprints.bearer import auth, me, scope
from blueprints.certificates import documents
from blueprints.certificates.schemas import (
    CertificatesOut,
    CertificateStandingOut,
    IssuedCertificateOut,
    IssuedCertificatesOut,
    RevokeIn,
)
from blueprints.pages import now
from blueprints.schemas import PageQuery, responses
from extensions import db
from services.certificates import issuing, standings

certificates_api = APIBlueprint("certificates_api", __name__, tag="Certificates")
ONE = "/courses/<slug>/certificates/<int:certificate_id>"


@certificates_api.get("/me/certificates")
@certificates_api.auth_required(auth)
@certificates_api.output(CertificatesOut)
@certificates_api.doc(summary="List my certificates", responses=responses(403))
@scope("account:read")
def list_my_certificates() -> Any:
    """Give all certificates that one has or had."""
    return {"certificates": [documents.certificate(row) for row in issuing.all_of(me().id)]}


@certificates_api.get("/courses/<slug>/certificate")
@certificates_api.auth_required(auth)
@certificates_api.output(CertificateStandingOut)
@certificates_api.doc(summary="Read how far I am to a certificate", responses=responses(403, 404))
@scope("grades:read")
def read_certificate_standing(slug: str) -> Any:
    """Give what the course asks, and how far one is; for people in the course."""
    course, _role = access.study(slug, me())
    found = standings.of_people(course, [me().id], now=now())[me().id] if course.certificate else None
    return documents.standing(course, found, issuing.valid_of(me().id, course))


@certificates_api.get("/courses/<slug>/certificates")
@certificates_api.auth_required(auth)
@certificates_api.input(PageQuery, location="query")
@certificates_api.output(IssuedCertificatesOut)
@certificates_api.doc(summary="List the certificates of a course", responses=responses(403, 404, 422))
@scope("grades:read")
def list_course_certificates(slug: str, query_data: PageQuery) -> Any:
    """Give the certificates that were issued, revoked ones, too; for the course's staff."""
    course, _may_decide = access.certified_course(slug, me())
    page = issuing.of_course(course, query_data.page, query_data.per_page)
    rows = [documents.issued(row) for row in page.rows]
    return {"certificates": rows, "page": page.number, "pages": page.pages, "total": page.total}


@certificates_api.post(f"{ONE}/revoke")
@certificates_api.auth_required(auth)
@certificates_api.input(RevokeIn)
@certificates_api.output(IssuedCertificateOut)
@certificates_api.doc(summary="Revoke a certificate", responses=responses(403, 404, 409, 422))
@scope("grades:write")
def revoke_certificate(slug: str, certificate_id: int, json_data: RevokeIn) -> Any:
    """Say that it isn't valid any more: its address and its badge's status say so at once. For teachers."""
    row = issuing.find(access.certifying_course(slug, me()), certificate_id)
    answer = documents.issued(issuing.revoke(row, reason=json_data.reason, by_id=me().id, now=now()))
    db.session.commit()
    return answer


@certificates_api.post(f"{ONE}/reissue")
@certificates_api.auth_required(auth)
@certificates_api.input(RevokeIn)
@certificates_api.output(IssuedCertificateOut, status_code=201)
@certificates_api.doc(summary="Issue a certificate again", responses=responses(403, 404, 409, 422))
@scope("grades:write")
def reissue_certificate(slug: str, certificate_id: int, json_data: RevokeIn) -> Any:
    """Issue another in place of somebody's newest, with their name of today; the one before is revoked for `reason`.

    The only way to a certificate for somebody whose last one was revoked. For teachers."""
    course = access.certifying_course(slug, me())
    row = issuing.find(course, certificate_id)
    made = issuing.reissue(row, reason=json_data.reason, by_id=me().id, now=now())
    answer = documents.issued(made), 201, {"Location": documents.location(course)}
    db.session.commit()
    return answer
