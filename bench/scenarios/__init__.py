"""Scenarios: named, seeded changes to raw data, with a severity."""
