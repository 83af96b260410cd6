"""The exams office's pages about preparation centres."""

from centres.admin import joining, people

__all__ = ["joining", "people"]
