"""The preparation centres' pages."""
