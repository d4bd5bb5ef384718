"""The HTTP edge of courses’ events: the feed for programs that follow a course."""
