"""Readers of file formats: they check what they read and raise `ValueError` with the reason."""
