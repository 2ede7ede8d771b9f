"""Leaderboards and comparisons, and the formats that they are written in."""
