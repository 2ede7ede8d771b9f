"""IEMOCAP: emotions of actors in dialogues."""

from dataclasses import replace

import numpy as np

from ._affect import MODALITIES, VIEWS, AffectDataset, Part, check_file
from .data import MultimodalData, Task
from .registry import Card, register_dataset

__all__ = ["IEMOCAP"]

EMOTIONS = ("neutral", "happy", "sad", "angry")


@register_dataset("iemocap")
class IEMOCAP(AffectDataset):
    """Utterances of ten actors, and which of four emotions they show.

    Parameters
    ----------
    file : str
        The file in the folder ``iemocap``: ``iemocap_data.pkl`` or ``iemocap_data_noalign.pkl`` of MulT.
    """

    folder = "iemocap"
    source = (
        "the authors (form on https://sail.usc.edu/iemocap) and the features by the links of "
        "https://github.com/yaohungt/Multimodal-Transformer (iemocap_data.pkl, 0.3 GB, in the folder iemocap)"
    )

    def __init__(self, *, file: str = "iemocap_data.pkl") -> None:
        self.file = check_file(file)

    @property
    def card(self) -> Card:
        """Say what was recorded and what is to be predicted."""
        return Card(
            title="IEMOCAP: emotions of utterances from text, audio and video",
            description=(
                "Utterances of dialogues between ten actors, 2,717 for training, 798 for validation and 938 "
                "for test; each of four emotions applies or not. Features of text (300), audio (74) and "
                "video (35) as published with the Multimodal Transformer. A modality that is zero throughout "
                "is absent. The splits are those of the file; the seed changes nothing of the data."
            ),
            modalities=MODALITIES,
            classes=EMOTIONS,
            views=VIEWS,
            embedded=False,
            licence="For research, after a form of the University of Southern California.",
            citation=(
                "C. Busso et al. (2008). IEMOCAP: interactive emotional dyadic motion capture database. "
                "Language Resources and Evaluation 42, 335-359. Y.-H. H. Tsai et al. (2019). Multimodal "
                "transformer for unaligned multimodal language sequences. ACL, 6558-6569."
            ),
            source=self.source,
            task=Task.MULTILABEL,
            fixed_splits=True,
        )

    def _label(self, part: Part) -> MultimodalData:
        """Each emotion has two numbers, of which the larger one says whether it applies: no, yes."""
        shape = (len(part.data), len(EMOTIONS), 2)
        if part.labels.shape != shape:
            raise ValueError(f"labels must be of shape {shape}, however: {part.labels.shape}")
        return replace(part.data, y=part.labels.argmax(axis=2).astype(np.int64))
