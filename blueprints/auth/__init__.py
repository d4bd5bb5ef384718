"""The HTTP edge of auth: views.py for pages, api.py and schemas.py for JSON."""
