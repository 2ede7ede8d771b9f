"""Data sets: the container, the registry, one file a data set, and the feature extractors."""
