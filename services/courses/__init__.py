"""Courses as people meet them: the catalogue, members, outline, files, and how far each has come."""
