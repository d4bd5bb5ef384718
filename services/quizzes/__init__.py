"""Quizzes: kinds of questions, attempts, answers as they come in, and grading."""
