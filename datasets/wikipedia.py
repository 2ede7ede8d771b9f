"""Wikipedia featured articles: histograms of image features beside topics of the text."""

from pathlib import Path

import numpy as np

from ._files import fingerprint_files, hold_out
from .data import Kind, Modality, MultimodalData, Splits
from .features.base import Featurizer
from .features.vector import Passthrough
from .fetching import Download
from .formats.mat import read_mat
from .registry import Card, Dataset, register_dataset
from .storage import find_data, read_data

__all__ = ["Wikipedia"]

FILE = "wikipedia/Wikipedia.mat"
SOURCE = (
    "https://github.com/ChuanbinZhang/Multi-view-datasets (the file Wikipedia.mat, 1 MB, in the folder "
    "wikipedia)"
)
CLASSES = (
    "art",
    "biology",
    "geography",
    "history",
    "literature",
    "media",
    "music",
    "royalty",
    "sport",
    "warfare",
)
MOST_DOCUMENTS = 10_000
N_TRAIN = 2173
WIDTHS = {"image": 128, "text": 10}


@register_dataset("wikipedia")
class Wikipedia(Dataset):
    """Pictures and text of 2,866 sections of featured articles, in ten subjects.

    The picture is a histogram of 128 SIFT words, the text a distribution over ten topics (latent Dirichlet
    allocation), both as published. The test split is the published one; its rows are the last 693.

    References
    ----------
    N. Rasiwasia et al., "A new approach to cross-modal multimedia retrieval", ACM Multimedia 2010.
    """

    downloads = (
        Download(
            "https://github.com/ChuanbinZhang/Multi-view-datasets/raw/"
            "03ead31e6538322e4e0701c3c28a01595c1a015d/Wikipedia.mat",
            FILE,
            "6eed8527704611dff921243d86dbec5621312b8c6636086ae3677508b5d3cb03",
        ),
    )

    @property
    def card(self) -> Card:
        """Say where picture and text come from."""
        return Card(
            title="Wikipedia: subject of an article from picture and text features",
            description=(
                "2,866 sections of Wikipedia's featured articles, each with one picture, in ten subjects. "
                "Published features: a histogram of 128 SIFT words for the picture, ten topics for the text. "
                "The published test split has 693 samples; of the 2,173 for training the seed takes a fifth, "
                "stratified by subject, for validation. The picture is weak here: fusion may not help."
            ),
            modalities={"image": Kind.VECTOR, "text": Kind.VECTOR},
            classes=CLASSES,
            views={"image": ("vector",), "text": ("vector",)},
            embedded=False,
            licence="For research; text of Wikipedia is CC BY-SA.",
            citation=(
                "N. Rasiwasia, J. Costa Pereira, E. Coviello, G. Doyle, G. Lanckriet, R. Levy and N. "
                "Vasconcelos (2010). A new approach to cross-modal multimedia retrieval. ACM Multimedia, "
                "251-260."
            ),
            source=SOURCE,
        )

    def load(self, seed: int = 0) -> Splits:
        """Read the file and draw the validation split.

        Raises
        ------
        DataNotFoundError
            If the file is missing.
        FusebenchError
            If it is damaged.
        """
        data = read_data(FILE, _read, data_dir=self.data_dir, source=SOURCE)
        train, validation = hold_out(data.labels[:N_TRAIN], 0.2, self.name, seed)
        return Splits(data.take(train), data.take(validation), data.take(np.arange(N_TRAIN, len(data))))

    def featurizer(self) -> Featurizer:
        """Take the published features as they are."""
        return Featurizer({name: Passthrough() for name in WIDTHS})

    def fingerprint(self) -> str:
        """Hash the file."""
        return fingerprint_files(self, [find_data(FILE, data_dir=self.data_dir, source=SOURCE)])


def _read(path: Path) -> MultimodalData:
    found = read_mat(path.read_bytes(), {"X": (2, 1), "y": (MOST_DOCUMENTS, 1)})
    labels = found["y"].ravel()
    if len(labels) <= N_TRAIN or not np.isin(labels, np.arange(1, len(CLASSES) + 1)).all():
        raise ValueError(f"y must hold more than {N_TRAIN} numbers between 1 and {len(CLASSES)}")
    # The file calls the first view "word" and the second "SIFT", the wrong way round: widths tell them apart.
    shapes = {view.shape: view for view in found["X"].ravel() if view.dtype.kind == "f"}
    modalities = {}
    for name, width in WIDTHS.items():
        if (len(labels), width) not in shapes:
            raise ValueError(f"X has no view of shape {(len(labels), width)}, only {list(shapes)}")
        values = shapes[len(labels), width].astype(np.float32)
        if not np.isfinite(values).all():
            raise ValueError(f"the view of {width} columns is not finite")
        modalities[name] = Modality(Kind.VECTOR, values)
    return MultimodalData(modalities, labels.astype(np.int64) - 1)
