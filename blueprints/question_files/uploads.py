"""The body of a request that brings a file of questions: larger than others, and no larger than one may be."""

from flask import request

from reasons import Code
from services.errors import InvalidInput
from services.formats.base import MAX_FILE, MEGABYTE, refused

# A form has its other fields beside the file.
MOST = MAX_FILE + MEGABYTE // 2
ENDPOINTS = ("question_files.new", "question_files_api.create_import")


def allow(endpoint: str | None, _values: object) -> None:
    """Let files of questions be larger than other requests, before anything looks at the body."""
    if endpoint in ENDPOINTS and request.method == "POST":
        request.max_content_length = MOST


def too_large() -> InvalidInput:
    """Say that a file is larger than one may be."""
    return refused(Code.FILE_TOO_LARGE, most_mb=MAX_FILE // MEGABYTE)
