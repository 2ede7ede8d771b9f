"""The report, the history and the tables of an article."""
