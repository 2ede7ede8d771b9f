"""Figures, as SVG inside a page and as PDF."""
