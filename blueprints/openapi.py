"""What the OpenAPI document needs beyond what the routes declare: the shape of errors, and stable names."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask

from blueprints.schemas import OptionalInput, Problem, responses

# What any route that takes a body may answer before it is asked: not JSON, too large.
OF_BODIES = (400, 413, 422)
View = TypeVar("View", bound=Callable[..., Any])
REFERENCE = "#/components/schemas/"
# Errors are problem+json, which the routes declare (`blueprints.schemas.responses`); APIFlask's own shapes aren't sent.
SETTINGS = {
    "AUTO_OPERATION_ID": True,
    "AUTO_VALIDATION_ERROR_RESPONSE": False,
    "AUTO_AUTH_ERROR_RESPONSE": False,
    "AUTO_404_RESPONSE": False,
}


# What decorators say of an operation beyond what APIFlask knows: its headers, and a body that isn't JSON.
_headers: dict[str, dict[str, dict[str, Any]]] = {}
_bodies: dict[str, dict[str, Any]] = {}
_scopes: dict[str, str] = {}


def takes_header(operation: str, name: str, description: str, *, is_required: bool = False) -> None:
    """Document a header of a request."""
    said = {"name": name, "in": "header", "required": is_required, "description": description}
    _headers.setdefault(operation, {})[name] = {**said, "schema": {"type": "string"}}


def needs_scope(operation: str, name: str) -> None:
    """Document the scope that an operation asks of a token."""
    _scopes[operation] = name


def takes_bytes(content_type: str, description: str) -> Callable[[View], View]:
    """Document that a view takes its body as it is."""

    def decorate(view: View) -> View:
        content = {content_type: {"schema": {"type": "string", "format": "binary"}}}
        _bodies[view.__name__] = {"required": True, "description": description, "content": content}
        return view

    return decorate


class NameTaken(Exception):
    """Two models of one name and different shapes: a client could have only one of them."""


def init_app(app: Flask) -> None:
    """Have the document completed when it is generated."""
    app.config.update(SETTINGS)
    app.spec_processor(complete)  # type: ignore[attr-defined]  # an APIFlask


def complete(spec: dict[str, Any]) -> dict[str, Any]:
    """Add the errors to a generated document, name each model once, and drop what nothing refers to."""
    spec["tags"] = list({tag["name"]: tag for tag in spec["tags"]}.values())
    schemas = spec["components"]["schemas"]
    problem = Problem.model_json_schema(ref_template=f"{REFERENCE}{{model}}")
    schemas.update(problem.pop("$defs"), Problem=problem)
    optional = {model.__name__ for model in OptionalInput.__subclasses__()}
    for operations in spec["paths"].values():
        for operation in filter(lambda entry: isinstance(entry, dict), operations.values()):
            # Generated as `get_quizzes_api_read_quiz`; generated clients name their functions by it.
            operation["operationId"] = operation["operationId"].partition("_api_")[2]
            name = operation["operationId"]
            operation.setdefault("parameters", []).extend(_headers.get(name, {}).values())
            # As OpenAPI 3.1 has it for schemes other than OAuth: the names of what the token has to hold.
            operation["security"] = [{"bearerAuth": [_scopes[name]] if name in _scopes else []}]
            if name in _bodies:
                operation["requestBody"] = _bodies[name]
            elif "requestBody" in operation:
                operation["requestBody"]["required"] = _model_of(operation["requestBody"]) not in optional
            if any(header == "Idempotency-Key" for header in _headers.get(name, {})):
                operation["responses"] = {**_answers(422), **operation["responses"]}
            if "requestBody" in operation:
                operation["responses"] = {**_answers(*OF_BODIES), **operation["responses"]}
    spec["components"]["schemas"] = _named(schemas)
    spec = _renamed(spec)
    return _without_unused(spec)


def _answers(*statuses: int) -> dict[str, Any]:
    return {str(status): answer for status, answer in responses(*statuses).items()}


def _model_of(body: dict[str, Any]) -> str:
    """Return the name of the model that a body is of, as JSON."""
    reference: str = body["content"]["application/json"]["schema"]["$ref"]
    return reference.removeprefix(REFERENCE).rpartition(".")[2]


def _named(schemas: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas by their models' names, which APIFlask writes behind the name of the model around them."""
    by_name: dict[str, Any] = {}
    for name, schema in schemas.items():
        own, shape = name.rpartition(".")[2], _renamed(schema)
        if by_name.setdefault(own, shape) != shape:
            raise NameTaken(own)
    return by_name


def _renamed(part: Any) -> Any:
    if isinstance(part, dict):
        return {
            key: REFERENCE + value.removeprefix(REFERENCE).rpartition(".")[2]
            if key == "$ref" and isinstance(value, str)
            else _renamed(value)
            for key, value in part.items()
        }
    return [_renamed(inner) for inner in part] if isinstance(part, list) else part


def _without_unused(spec: dict[str, Any]) -> dict[str, Any]:
    schemas = spec["components"]["schemas"]
    while unused := [name for name in schemas if f'"{REFERENCE}{name}"' not in json.dumps(spec)]:
        for name in unused:
            del schemas[name]
    return spec
