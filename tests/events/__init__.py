"""Events of courses, and who follows them."""
