"""Feature extractors: from raw modalities to the views that strategies take."""
