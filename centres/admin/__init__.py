"""The exams office's pages about preparation centres."""

from centres.admin import material, people

__all__ = ["material", "people"]
