"""CMU-MOSI and CMU-MOSEI: sentiment of people who speak into a camera."""

from dataclasses import replace
from typing import ClassVar

import numpy as np

from ._affect import MODALITIES, VIEWS, AffectDataset, Part, check_file
from ._files import check_choice
from .data import MultimodalData, Task
from .registry import Card, register_dataset

__all__ = ["CMUMOSEI", "CMUMOSI"]

LABELS = ("polarity", "sentiment")


class _Sentiment(AffectDataset):
    """What both have in common."""

    about: ClassVar[str]
    citation: ClassVar[str]

    label: str

    @property
    def card(self) -> Card:
        """Say what is to be predicted."""
        labels = {
            "polarity": (
                "The class is the sign of the annotated sentiment; neutral utterances (0) are left out, as "
                "in the literature's two-class accuracy."
            ),
            "sentiment": "What is predicted is the annotated sentiment, -3 (negative) to 3 (positive).",
        }
        polarity = self.label == "polarity"
        return Card(
            title=f"{self.name.upper()}: sentiment of utterances from text, audio and video",
            description=(
                f"{self.about} Features of text, audio and video as published in the file. "
                f"{labels[self.label]} A modality that is zero throughout (no face found) is absent. The "
                "splits are the published ones, which are made by video; the seed changes nothing of "
                "the data."
            ),
            modalities=MODALITIES,
            classes=("negative", "positive") if polarity else (),
            views=VIEWS,
            embedded=False,
            licence="For research; the features are published by their authors, the videos are of YouTube.",
            citation=self.citation,
            source=self.source,
            task=Task.CLASSIFICATION if polarity else Task.REGRESSION,
            fixed_splits=True,
        )

    def _label(self, part: Part) -> MultimodalData:
        y = part.labels.ravel()
        if len(y) != len(part.data) or np.abs(y).max() > 3:
            raise ValueError(
                "each sample must have one label between -3 and 3, however: shape "
                f"{part.labels.shape}, up to {np.abs(y).max():g}"
            )
        if self.label == "sentiment":
            return replace(part.data, y=y)
        return replace(part.data, y=(y > 0).astype(np.int64)).take(y != 0)


@register_dataset("cmu-mosi")
class CMUMOSI(_Sentiment):
    """Utterances of 93 film reviews on YouTube with a sentiment between -3 and 3.

    Parameters
    ----------
    label : {"polarity", "sentiment"}
        Classify negative and positive, without neutral utterances; or regress on the sentiment.
    file : str
        The file in the folder ``mosi``: ``mosi_raw.pkl`` of MultiBench, ``mosi_data.pkl`` of MulT,
        ``aligned_50.pkl`` or ``unaligned_50.pkl`` of MMSA.
    """

    folder = "mosi"
    source = (
        "the links of https://github.com/pliang279/MultiBench (mosi_raw.pkl) or "
        "https://github.com/thuiar/MMSA (aligned_50.pkl, 0.35 GB), in the folder mosi"
    )
    about = (
        "2,199 utterances of 93 film reviews by 89 people, 1,283 or 1,284 for training, 214 or 229 for "
        "validation, 686 for test (before neutral ones are left out)."
    )
    citation = (
        "A. Zadeh, R. Zellers, E. Pincus and L.-P. Morency (2016). Multimodal sentiment intensity analysis "
        "in videos: facial gestures and verbal messages. IEEE Intelligent Systems 31(6), 82-88."
    )

    def __init__(self, *, label: str = "polarity", file: str = "mosi_raw.pkl") -> None:
        self.label = check_choice("label", label, LABELS)
        self.file = check_file(file)


@register_dataset("cmu-mosei")
class CMUMOSEI(_Sentiment):
    """Utterances of 1,000 people on YouTube on 250 topics, with a sentiment between -3 and 3.

    Parameters
    ----------
    label : {"polarity", "sentiment"}
        Classify negative and positive, without neutral utterances; or regress on the sentiment.
    file : str
        The file in the folder ``mosei``: ``mosei_raw.pkl`` of MultiBench, ``mosei_senti_data.pkl`` of
        MulT, ``aligned_50.pkl`` or ``unaligned_50.pkl`` of MMSA.
    """

    folder = "mosei"
    source = (
        "the links of https://github.com/pliang279/MultiBench (mosei_raw.pkl) or "
        "https://github.com/thuiar/MMSA (aligned_50.pkl, 4.4 GB), in the folder mosei"
    )
    about = (
        "About 23,000 utterances of 1,000 people on 250 topics, 16,265 or 16,326 for training, 1,869 or "
        "1,871 for validation, 4,643 or 4,659 for test (before neutral ones are left out)."
    )
    citation = (
        "A. Zadeh, P. P. Liang, S. Poria, E. Cambria and L.-P. Morency (2018). Multimodal language analysis "
        "in the wild: CMU-MOSEI dataset and interpretable dynamic fusion graph. ACL, 2236-2246."
    )

    def __init__(self, *, label: str = "polarity", file: str = "mosei_raw.pkl") -> None:
        self.label = check_choice("label", label, LABELS)
        self.file = check_file(file)
