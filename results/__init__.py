"""From records to statistics, leaderboards, figures and the report; knows nothing of the harness."""
