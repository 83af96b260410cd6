"""The exams office's pages about preparation centres."""

from centres.admin import news, people

__all__ = ["news", "people"]
