"""What strategies around another strategy have in common."""

from typing import ClassVar

from .base import FusionStrategy, View

__all__ = ["WrappedFusion", "innermost"]


class WrappedFusion(FusionStrategy):
    """A strategy around another one, which it is told of by the parameter `fusion`.

    It takes what the strategy inside takes, and an absent modality is handled there.
    """

    absence: ClassVar = "native"  # the strategy inside is told what is absent, and handles it in its own way

    fusion: FusionStrategy

    @property
    def views(self) -> tuple[View, ...]:  # type: ignore[override]
        """Those of the strategy inside."""
        return self.fusion.views

    @property
    def n_modalities(self) -> tuple[int, int | None]:  # type: ignore[override]
        """That of the strategy inside."""
        return self.fusion.n_modalities

    @property
    def constant(self) -> bool:  # type: ignore[override]
        """That of the strategy inside."""
        return self.fusion.constant

    @property
    def streams(self) -> bool:  # type: ignore[override]
        """Whether the strategy inside does."""
        return self.fusion.streams

    @property
    def absence_handled(self) -> str:
        """How the strategy inside handles an absent modality."""
        return self.fusion.absence_handled


def innermost(fusion: FusionStrategy) -> FusionStrategy:
    """Give the strategy inside all others.

    Examples
    --------
    >>> from fusebench.fusions.calibration import TemperatureScaled
    >>> from fusebench.fusions.registry import make_fusion
    >>> innermost(TemperatureScaled(make_fusion("majority")))
    Majority()
    """
    while isinstance(fusion, WrappedFusion):
        fusion = fusion.fusion
    return fusion
