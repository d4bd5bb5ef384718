"""The WSGI entry point, for `flask` and for any WSGI server."""

from app import create_app

app = create_app()
