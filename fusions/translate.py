"""Translate, then fuse: absent modalities are made from the present ones before early fusion."""

from .early import EarlyLogistic
from .registry import register_fusion

__all__ = ["TranslateThenFuse"]


@register_fusion(
    "translate-cyclic", family="co-learning", reference="Pham et al. 2019, arXiv:1812.07809", imputer="cyclic"
)
@register_fusion(
    "translate-ridge",
    family="co-learning",
    reference="Hoerl & Kennard 1970, Technometrics 12(1)",
    imputer="ridge",
)
@register_fusion(
    "translate-knn",
    family="co-learning",
    reference="Troyanskaya et al. 2001, Bioinformatics 17(6)",
    imputer="knn",
)
class TranslateThenFuse(EarlyLogistic):
    """An absent modality is translated from the present ones, then early fusion by logistic regression.

    Where nothing is absent it is `early-logistic`, to the last bit: the translation matters only if a
    modality is missing. The translators are in `fusebench.fusions.imputers`.

    Parameters
    ----------
    imputer : str
        The translator: knn, ridge or cyclic; with mean it would be `early-logistic`.
    random_state : int
        Draws the initial weights of the cyclic translator.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = TranslateThenFuse(imputer="ridge").fit(data.train, data.validation)
    >>> bool(fusion.score(data.test.without("a"), data.test.labels) > 0.85)
    True
    """

    def __init__(self, *, imputer: str = "ridge", random_state: int = 0) -> None:
        super().__init__(imputer=imputer)
        self.random_state = random_state
