"""The HTTP edge of courses as archives, in and out."""
