"""The harness: what to run, one cell, where it runs, scenarios, metrics, checks, command line."""
