"""Fusion strategies: the contract, the registry, one file a family; network layers are in ``neural``."""
