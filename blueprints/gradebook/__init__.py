"""The HTTP edge of the gradebook: views.py for the staff's pages, mine.py for a student's own, api.py for JSON."""
