"""What the OpenAPI document needs beyond what the routes declare: the shape of errors, and the faults of any body."""

import json
from typing import Any

from blueprints.schemas import Problem, responses

# What any route that takes a body may answer before it is asked: not JSON, too large.
OF_BODIES = (400, 413)


def complete(spec: dict[str, Any]) -> dict[str, Any]:
    """Add the errors to a generated document, and drop what nothing in it refers to."""
    schemas = spec["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema()
    for operations in spec["paths"].values():
        for operation in (found for found in operations.values() if isinstance(found, dict)):
            # Generated as `get_quizzes_api_read_quiz`; generated clients name their functions by it.
            operation["operationId"] = operation["operationId"].partition("_api_")[2]
            if "requestBody" in operation:
                documented = {str(status): answer for status, answer in responses(*OF_BODIES).items()}
                operation["responses"] = {**documented, **operation["responses"]}
    text = json.dumps(spec)
    for name in [name for name in schemas if f'"#/components/schemas/{name}"' not in text]:
        del schemas[name]
    return spec
