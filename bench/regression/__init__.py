"""Whether a change made fits slower or scores worse: measured, stored, compared."""
