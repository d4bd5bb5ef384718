"""Reads the OpenAPI document for its pages: sections by tag, operations, and the shapes that they speak of."""

import json
import re
from typing import Any

REFERENCE = "#/components/schemas/"
METHODS = ("get", "post", "put", "delete")
# Bounds of a value, in the order in which they are told.
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def slug_of(tag: str) -> str:
    """Return the name of a section in addresses."""
    return re.sub(r"[^a-z0-9]+", "-", tag.lower()).strip("-")


def sections(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every tag with its operations, in the order of the document."""
    found: dict[str, dict[str, Any]] = {}
    for path, operations in spec["paths"].items():
        for method in METHODS:
            if method in operations:
                tag = (operations[method].get("tags") or ["Other"])[0]
                section = found.setdefault(tag, {"slug": slug_of(tag), "name": tag, "operations": []})
                section["operations"].append(_operation(method, path, operations[method]))
    return list(found.values())


def shapes(spec: dict[str, Any], operations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the shapes that operations speak of, and those that these are made of, by name."""
    schemas, named = spec["components"]["schemas"], set[str]()
    waiting: list[Any] = [operations]
    while waiting:
        for name in set(re.findall(rf'"{REFERENCE}([^"]+)"', json.dumps(waiting.pop()))) - named:
            named.add(name)
            waiting.append(schemas[name])
    return [
        {"name": name, "description": schemas[name].get("description"), "fields": _fields(schemas[name])}
        for name in sorted(named)
    ]


def _operation(method: str, path: str, raw: dict[str, Any]) -> dict[str, Any]:
    [key] = raw.get("security") or [{}]
    body = raw.get("requestBody", {})
    return {
        "id": raw["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": raw.get("summary", ""),
        "description": raw.get("description", ""),
        "scopes": [name for scopes in key.values() for name in scopes],
        "parameters": [{**given, "kind": kind_of(given["schema"])} for given in raw.get("parameters", [])],
        "body": [{"type": name, "kind": kind_of(part["schema"])} for name, part in body.get("content", {}).items()],
        "is_body_required": body.get("required", False),
        "answers": [
            {
                "status": status,
                "description": answer.get("description", ""),
                "kinds": [kind_of(part["schema"]) for part in answer.get("content", {}).values() if "schema" in part],
            }
            for status, answer in sorted(raw["responses"].items())
        ],
        "raw": raw,
    }


def _fields(schema: dict[str, Any]) -> list[dict[str, Any]]:
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "kind": kind_of(field),
            "description": field.get("description", ""),
            "is_required": name in required,
            "default": json.dumps(field["default"], ensure_ascii=False) if "default" in field else "",
        }
        for name, field in schema.get("properties", {}).items()
    ]


def kind_of(schema: dict[str, Any]) -> list[dict[str, str]]:
    """Return what a value is, as parts: texts, and names of shapes to go to."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REFERENCE)
        return [{"shape": name}]
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            parts = [kind_of(inner) for inner in schema[word]]
            return [part for number, kind in enumerate(parts) for part in ([{"text": " | "}] if number else []) + kind]
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return [{"text": " | ".join(json.dumps(value, ensure_ascii=False) for value in values)}]
    kind = schema.get("type", "any")
    if kind == "array":
        return [{"text": "array of "}, *kind_of(schema.get("items", {}))]
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return [{"text": "object of "}, *kind_of(schema["additionalProperties"])]
    names = kind if isinstance(kind, str) else " | ".join(kind)
    return [{"text": " ".join([names, *_bounds(schema)])}]


def _bounds(schema: dict[str, Any]) -> list[str]:
    told = [f"({schema['format']})"] if "format" in schema else []
    told += [f"{sign} {schema[name]}" for name, sign in BOUNDS.items() if name in schema]
    least, most = schema.get("minLength"), schema.get("maxLength")
    if least is not None or most is not None:
        told.append(f"[{least or 0}–{most if most is not None else '…'}]")
    return told
