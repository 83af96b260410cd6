"""The exams office's pages about preparation centres."""

from centres.admin import people

__all__ = ["people"]
