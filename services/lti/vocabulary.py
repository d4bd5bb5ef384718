"""The names of LTI 1.3 and of its services, as the specifications of 1EdTech have them."""

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
DL = "https://purl.imsglobal.org/spec/lti-dl/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
SCOPE_SCORE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
SCOPE_LINE_ITEM = "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem"
SCOPE_MEMBERS = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
VERSION = "1.3.0"
RESOURCE, PICK = "LtiResourceLinkRequest", "LtiDeepLinkingRequest"
PICKED = "LtiDeepLinkingResponse"
# Ours, in the custom parameters of a link that a teacher has picked.
COURSE, ACTIVITY = "yurt_course", "yurt_activity"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"


def role_here(roles: object) -> str | None:
    """Return the role in a course here that somebody gets by their roles in a course of the platform, if any.

    A teacher there helps here, as an assistant: who changes a course is said here. Roles in the whole institution give
    nothing.
    """
    names = {_short(role) for role in roles if isinstance(role, str)} if isinstance(roles, list) else set()
    if names & {"Instructor", "TeachingAssistant", "ContentDeveloper", "Administrator"}:
        return "assistant"
    return "student" if "Learner" in names else None


def teaches(roles: object) -> bool:
    """Say whether somebody teaches the course of the platform, which a helper of it doesn't."""
    names = {_short(role) for role in roles if isinstance(role, str)} if isinstance(roles, list) else set()
    return bool(names & {"Instructor", "Administrator"}) and "TeachingAssistant" not in names


def _short(role: str) -> str | None:
    """Return the last part of a role in a course; None for one elsewhere."""
    if role.startswith((f"{MEMBERSHIP}#", f"{MEMBERSHIP}/")):
        return role.rpartition("#")[2]
    # The names of roles in a course may be used alone.
    return role if role.isalpha() else None
