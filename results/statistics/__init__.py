"""Statistics on a plain table of scores: means, intervals, ranks, tests, robustness."""
