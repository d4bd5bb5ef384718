"""The HTTP edge of quizzes: views.py for pages, api.py and schemas.py for JSON."""
