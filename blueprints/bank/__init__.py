"""The HTTP edge of a course's bank of questions: views.py for pages, api.py and schemas.py for JSON."""
