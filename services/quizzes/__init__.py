"""Quizzes: attempts, answers as they come in, and grading."""
