"""The exams office's pages about preparation centres."""

from centres.admin import joining, material, news, people, questions

__all__ = ["joining", "material", "news", "people", "questions"]
