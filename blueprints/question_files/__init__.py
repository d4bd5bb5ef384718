"""The HTTP edge of questions that move as files: views.py for pages, api.py and schemas.py for JSON."""
