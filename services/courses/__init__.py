"""Courses: the catalogue, members, outline, files, and each student's progress."""
