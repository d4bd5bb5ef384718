"""The rows of learning platforms in the access table (`test_access_table.py`)."""

from typing import Any

API = "/api/v1"
COURSE = "/courses/shell"
NEW = {
    "name": "Canvas",
    "issuer": "https://canvas.example.edu",
    "client_id": "1",
    "deployments": ["1"],
    "auth_url": "https://canvas.example.edu/auth",
    "token_url": "https://canvas.example.edu/token",
    "keys_url": "https://canvas.example.edu/keys",
}
# Nobody's launch is under way, so nobody gets in, whoever they are.
NOBODY = (403, 403, 403, 403, 403)
SIGNED_IN = (302, 403, 403, 403, 403)
ADMINS = (302, 403, 403, 403, 200)
TEACHERS = (302, 403, 403, 200, 200)

ROWS: dict[tuple[str, str], tuple[str, dict[str, Any], tuple[int, ...]]] = {
    ("lti.login", "GET"): ("/lti/login", {}, NOBODY),
    ("lti.login", "POST"): ("/lti/login", {}, NOBODY),
    ("lti.launch", "POST"): ("/lti/launch", {}, NOBODY),
    ("lti_picks.show", "GET"): ("/lti/pick/none", {}, NOBODY),
    ("lti_picks.pick", "POST"): ("/lti/pick/none", {}, NOBODY),
    ("lti.keys", "GET"): ("/lti/keys", {}, (200, 200, 200, 200, 200)),
    ("launches.show", "GET"): ("/launches/none", {}, NOBODY),
    ("launches.make_account", "POST"): ("/launches/none/account", {}, NOBODY),
    ("launches.link", "POST"): ("/launches/none/link", {}, SIGNED_IN),
    ("launches.choose", "GET"): ("/launches/none/course", {}, SIGNED_IN),
    ("launches.connect", "POST"): ("/launches/none/course", {"course": "shell"}, SIGNED_IN),
    ("lti_platforms.index", "GET"): ("/learning-platforms", {}, ADMINS),
    ("lti_platforms.new", "GET"): ("/learning-platforms/new", {}, ADMINS),
    ("lti_platforms.new", "POST"): ("/learning-platforms/new", {}, (302, 403, 403, 403, 422)),
    ("lti_platforms.edit", "GET"): ("/learning-platforms/{platform}", {}, ADMINS),
    ("lti_platforms.edit", "POST"): ("/learning-platforms/{platform}", {"name": ""}, (302, 403, 403, 403, 422)),
    ("lti_platforms.remove", "POST"): ("/learning-platforms/{platform}/remove", {}, (302, 403, 403, 403, 302)),
    ("lti_platforms.rotate", "POST"): ("/learning-platforms/keys", {}, (302, 403, 403, 403, 302)),
    ("lti_connections.show", "GET"): (f"{COURSE}/platforms", {}, TEACHERS),
    ("lti_connections.remove", "POST"): (f"{COURSE}/platforms/{{context}}/remove", {}, (302, 403, 403, 302, 302)),
    ("lti_connections.read_roster", "POST"): (f"{COURSE}/platforms/{{context}}/roster", {}, (302, 403, 403, 302, 302)),
    ("lti_api.read_lti_roster", "POST"): (
        f"{API}{COURSE}/lti-connections/{{context}}/rosters",
        {},
        (401, 403, 403, 202, 202),
    ),
    ("lti_connections.send_scores", "POST"): (f"{COURSE}/platforms/scores", {}, (302, 403, 403, 302, 302)),
    ("lti_api.send_lti_scores", "POST"): (f"{API}{COURSE}/lti-scores", {}, (401, 403, 403, 202, 202)),
    ("lti_api.list_lti_platforms", "GET"): (f"{API}/lti-platforms", {}, (401, 403, 403, 403, 200)),
    ("lti_api.create_lti_platform", "POST"): (f"{API}/lti-platforms", NEW, (401, 403, 403, 403, 201)),
    ("lti_api.read_lti_platform", "GET"): (f"{API}/lti-platforms/{{platform}}", {}, (401, 403, 403, 403, 200)),
    # Another issuer would be another platform.
    ("lti_api.replace_lti_platform", "PUT"): (f"{API}/lti-platforms/{{platform}}", NEW, (401, 403, 403, 403, 422)),
    ("lti_api.delete_lti_platform", "DELETE"): (f"{API}/lti-platforms/{{platform}}", {}, (401, 403, 403, 403, 204)),
    ("lti_api.create_lti_key", "POST"): (f"{API}/lti-keys", {}, (401, 403, 403, 403, 201)),
    ("lti_api.list_lti_connections", "GET"): (f"{API}{COURSE}/lti-connections", {}, (401, 403, 403, 200, 200)),
    ("lti_api.delete_lti_connection", "DELETE"): (
        f"{API}{COURSE}/lti-connections/{{context}}",
        {},
        (401, 403, 403, 204, 204),
    ),
}
TEACHERS_OWN = {
    ("lti_connections.read_roster", "POST"): 403,
    ("lti_api.read_lti_roster", "POST"): 403,
    ("lti_connections.send_scores", "POST"): 403,
    ("lti_api.send_lti_scores", "POST"): 403,
    ("lti_connections.show", "GET"): 403,
    ("lti_connections.remove", "POST"): 403,
    ("lti_api.list_lti_connections", "GET"): 403,
    ("lti_api.delete_lti_connection", "DELETE"): 403,
}
