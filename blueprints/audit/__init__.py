"""The audit log: for admins, and a course’s own part for its teachers."""
