"""Vectors are features already."""

from typing import Self

from ..data import Modality

__all__ = ["Passthrough"]


class Passthrough:
    """Hand vectors or sequences on as they are; strategies standardise them."""

    def fit(self, modality: Modality) -> Self:  # noqa: ARG002
        """Learn nothing."""
        return self

    def transform(self, modality: Modality) -> dict[str, Modality]:
        """Give the modality as the view of its own kind."""
        return {modality.kind.value: modality}
