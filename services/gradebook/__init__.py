"""The gradebook: a course's grading scheme, where scores come from, what the staff decides, and the grades."""
