"""Why a server of the cluster can't be used, in words for operators that name the setting. Pure functions."""

import ssl
from collections.abc import Iterator

# What the other side of a TLS handshake says of our certificate (RFC 8446, section 6.2), as OpenSSL spells it.
WANTED = ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE")
UNLIKED = ("UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_EXPIRED", "CERTIFICATE_UNKNOWN", "UNSUPPORTED_CERTIFICATE")
NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL")
# What a server that speaks TLS answers to a request without TLS; with status 400, as if the request were wrong.
TLS_WANTED = "HTTP request to an HTTPS server"
# Nomad's whole answer to a token without the right to what is asked; exec says it after the connection is open.
DENIED = "Permission denied"


def unanswered(address: str, error: BaseException) -> str:
    """Say why a server gave no answer."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            return f"{address} {_tls(cause)}"
    answer = getattr(error, "nomad_resp", None)
    return f"{address} doesn't answer ({type(answer if isinstance(answer, Exception) else error).__name__})"


def without_tls(address: str) -> str:
    """Say that the server wants TLS."""
    return f"{address} speaks TLS: write https:// in NOMAD_ADDR"


def not_serving(address: str, text: str) -> str:
    """Say why a server that is up can't serve, in its own words."""
    setting = " (NOMAD_REGION)" if "region" in text else ""
    return f"{address} can't serve: {text.strip()[:200]}{setting}"


def forbidden(namespace: str, text: str) -> str:
    """Say that the token is unknown, or lacks the right to this."""
    return f"Nomad refuses NOMAD_TOKEN in the namespace {namespace} (NOMAD_NAMESPACE): {text.strip()[:200]}"


def _tls(error: ssl.SSLError) -> str:
    said = str(error).upper()
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = error.verify_message or str(error)
        if "mismatch" in reason:
            return f"has a certificate for other names than the one in NOMAD_ADDR: {reason}"
        return f"has a certificate that NOMAD_CACERT doesn't vouch for: {reason}"
    if any(word in said for word in WANTED):
        return "wants a certificate of ours: NOMAD_CLIENT_CERT and NOMAD_CLIENT_KEY"
    if any(word in said for word in UNLIKED):
        return f"doesn't take the certificate of NOMAD_CLIENT_CERT ({error.reason})"
    if any(word in said for word in NO_TLS):
        return f"doesn't speak TLS as in NOMAD_ADDR: is it http:// there? ({error.reason})"
    return f"fails at TLS ({error.reason or type(error).__name__})"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error with those that it wraps: python-nomad, requests and urllib3 each wrap it in their own."""
    seen: list[BaseException] = []
    waiting = [error]
    while waiting and len(seen) < 20:
        cause = waiting.pop(0)
        if any(cause is earlier for earlier in seen):
            continue
        seen.append(cause)
        yield cause
        inner = [*cause.args, getattr(cause, "nomad_resp", None), getattr(cause, "reason", None)]
        inner += [cause.__cause__, cause.__context__]
        waiting += [cause for cause in inner if isinstance(cause, BaseException)]
