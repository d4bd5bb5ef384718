"""Upload: files that a student hands in, which a person grades."""

import re
from fractions import Fraction
from random import Random
from typing import Any

from question_types import raw
from question_types.base import NOTHING, FilesWanted, Frozen, QuestionType, Spec
from question_types.upload.kinds import KINDS
from reasons import N_, Code, Reason
from services.errors import InvalidInput

MOST_FILES = 10
MAX_NAME = 200
MAX_SIZE = 10 * 1024 * 1024
_ID = re.compile(r"[1-9]\d{0,17}")


def parse(written: dict[str, Any]) -> Spec:
    """Read accept (endings), most (how many files) and model_answer, shown with the result."""
    raw.only(written, "accept", "most", "model_answer")
    endings = [ending.lower().removeprefix(".") for ending in raw.texts(written, "accept", 1, len(KINDS))]
    for number, ending in enumerate(endings, start=1):
        if ending not in KINDS:
            raise InvalidInput(f"accept[{number}]", f"must be one of {', '.join(KINDS)}")
    if len(set(endings)) < len(endings):
        raise InvalidInput("accept", "names an ending twice")
    answer = raw.text(written, "model_answer", "")
    spec: Spec = {"accept": endings, "most": raw.whole(written, "most", 1, MOST_FILES, 1)}
    return {**spec, "model_answer": answer} if answer else spec


def freeze(spec: Spec, rng: Random, is_shuffled: bool) -> Frozen:
    """Show which files are taken, and how many."""
    return {"accept": spec["accept"], "most": spec["most"]}


def files_of(spec: Spec) -> FilesWanted:
    """Say which files are taken, and how many."""
    return FilesWanted(spec["most"], {ending: KINDS[ending] for ending in spec["accept"]})


def clean(spec: Spec, response: Any) -> list[dict[str, Any]] | None:
    """Accept files that the site has: each by its number, with its name and size, each once."""
    if response is None or response == []:
        return None
    if not isinstance(response, list) or len(response) > spec["most"]:
        raise InvalidInput("response", Reason(Code.FILES_TOO_MANY, most=spec["most"]))
    files = [_file(entry) for entry in response]
    if len({file["id"] for file in files}) < len(files):
        raise InvalidInput("response", Reason(Code.FILE_TWICE))
    return files


def _file(entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict) or set(entry) != {"id", "name", "size"}:
        raise InvalidInput("response", Reason(Code.FILE_UNCLEAR))
    number, name, size = entry["id"], entry["name"], entry["size"]
    if not isinstance(number, str) or not _ID.fullmatch(number):
        raise InvalidInput("response", Reason(Code.FILE_ID_UNREADABLE))
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME or re.search(r"[\x00-\x1f\x7f\ud800-\udfff]", name):
        raise InvalidInput("response", Reason(Code.FILE_NAME_UNREADABLE))
    if isinstance(size, bool) or not isinstance(size, int) or not 0 < size <= MAX_SIZE:
        raise InvalidInput("response", Reason(Code.FILE_SIZE_UNREADABLE))
    return {"id": number, "name": name, "size": size}


def grade(spec: Spec, response: Any, frozen: Frozen) -> Fraction | None:
    """Leave it to a person."""
    return NOTHING if response is None else None


def explain(spec: Spec, response: Any, frozen: Frozen) -> dict[str, Any]:
    """Give the model answer."""
    return {"solution": spec.get("model_answer", ""), "notes": {}}


def in_words(spec: Spec, response: Any) -> str:
    """Name the files."""
    return ", ".join(f"{file['name']} ({max(1, file['size'] // 1000)} kB)" for file in response or [])


def buckets(spec: Spec, response: Any) -> list[str]:
    """Group answers by how many files there are."""
    return [str(len(response))] if response else []


TYPE = QuestionType(
    title=N_("Files"),
    parse=parse,
    clean=clean,
    grade=grade,
    explain=explain,
    fields=("accept", "most", "model_answer"),
    freeze=freeze,
    of_form=lambda _form: None,  # files go by a script, one by one
    in_words=in_words,
    buckets=buckets,
    labels=lambda spec: {str(count): f"{count} file{'s' if count > 1 else ''}" for count in range(1, spec["most"] + 1)},
    files_of=files_of,
    takes_files=True,
)
