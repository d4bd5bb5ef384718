"""The HTTP edge of courses: views.py for pages, api.py and schemas.py for JSON."""
