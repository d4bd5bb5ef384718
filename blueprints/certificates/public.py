"""What everybody may see of a certificate whose address they were given: the page, the PDF, and the signed badge."""

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template
from flask.typing import ResponseReturnValue

from blueprints.courses.pictures import POLICY
from models import Certificate
from services.certificates import badges, issuing
from services.certificates.badges import Site
from services.errors import NotFound

public_certificates = Blueprint("public_certificates", __name__, url_prefix="/certificates")
JWT = "application/vc+jwt"


def site() -> Site:
    """Return who issues here."""
    settings = current_app.extensions["yurt"]
    return Site(settings.site_name, settings.public_url)


@public_certificates.after_request
def _unlisted(response: Response) -> Response:
    """Keep search engines out, and let programs of any page check a badge: whoever asks has been given the address."""
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    if response.mimetype != "text/html":
        response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@public_certificates.get("/issuer.json")
def issuer() -> ResponseReturnValue:
    """Give the profile of the issuer."""
    return jsonify({"@context": badges.CONTEXT, **badges.issuer(site())})


@public_certificates.get("/keys/<kid>.json")
def key(kid: str) -> ResponseReturnValue:
    """Give a key that badges are checked with."""
    return jsonify(issuing.public_key(kid))


@public_certificates.get("/<code>")
def show(code: str) -> ResponseReturnValue:
    """Say whose certificate it is, of which course, and whether it is valid."""
    return render_template("certificates/public.html", certificate=issuing.by_code(code))


@public_certificates.get("/<code>/certificate.pdf")
def page(code: str) -> ResponseReturnValue:
    """Give the PDF of a valid certificate."""
    response = make_response(issuing.page_of(issuing.by_code(code)))
    response.mimetype = "application/pdf"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "private, no-store"
    response.headers.set("Content-Disposition", "inline", filename="certificate.pdf")
    return response


@public_certificates.get("/<code>/badge.jwt")
def badge(code: str) -> ResponseReturnValue:
    """Give the signed badge, as wallets take it."""
    response = make_response(_badge(issuing.by_code(code)))
    response.mimetype = JWT
    return response


@public_certificates.get("/<code>/badge.json")
def credential(code: str) -> ResponseReturnValue:
    """Give the credential that the badge signs, to be read."""
    return jsonify(badges.said_by(_badge(issuing.by_code(code))))


@public_certificates.get("/<code>/status.json")
def status(code: str) -> ResponseReturnValue:
    """Say whether the badge is revoked, as its readers ask."""
    response = jsonify(badges.revocations(site(), issuing.by_code(code)))
    response.headers["Cache-Control"] = "no-cache"
    return response


def _badge(certificate: Certificate) -> str:
    if certificate.badge is None:
        raise NotFound
    return certificate.badge
