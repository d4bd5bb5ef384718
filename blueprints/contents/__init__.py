"""The HTTP edge of what a course holds, part by part; api modules for each kind, all by one set of rules."""
