"""The HTTP edge of leaderboards: views.py for pages, api.py and schemas.py for JSON."""
