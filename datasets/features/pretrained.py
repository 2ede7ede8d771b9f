"""Features of a pretrained model, where its library is installed; computed once for each content."""

from functools import cached_property, lru_cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ...errors import FusebenchError
from ..data import Kind, Modality
from ..storage import atomic_path, cache_folder, hash_files

__all__ = ["SentenceFeatures", "find_encoder"]

PREFIX = "text=sentence-transformers:"


class SentenceFeatures:
    """Embeddings of texts by a model of sentence-transformers; nothing is fitted.

    The view ``vector`` has shape (n, d), with d that of the model. It is kept in the cache folder under a
    hash of the texts and the model, so that it is computed once for all runs.

    Parameters
    ----------
    model : str
        Folder of a saved model, or its name on the Hugging Face Hub, from where it is downloaded once.

    References
    ----------
    N. Reimers and I. Gurevych, "Sentence-BERT: sentence embeddings using Siamese BERT-networks", EMNLP, 2019.

    Examples
    --------
    >>> SentenceFeatures("all-MiniLM-L6-v2").model
    'all-MiniLM-L6-v2'
    """

    def __init__(self, model: str) -> None:
        self.model = model

    @cached_property
    def identity(self) -> str:
        """Identify what computes the features: the library, and the model by its files or else its name.

        Raises
        ------
        FusebenchError
            If sentence-transformers is not installed.
        """
        try:
            library = version("sentence-transformers")
        except PackageNotFoundError as error:
            raise FusebenchError(
                f"The encoder '{PREFIX}{self.model}' needs sentence-transformers: pip install "
                "'fusebench[text]'."
            ) from error
        folder = Path(self.model)
        if not folder.is_dir():
            return f"{library} {self.model}"
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return f"{library} {hash_files(files)} {[path.relative_to(folder).as_posix() for path in files]}"

    def fit(self, modality: Modality) -> Self:  # noqa: ARG002
        """Do nothing: the model is as it was published."""
        return self

    def transform(self, modality: Modality) -> dict[str, Modality]:
        """Give the view ``vector``, float32."""
        # With an empty text always there, the width is known even if there are no samples.
        texts, places = np.unique(np.append(modality.values, ""), return_inverse=True)
        content = sha256(f"{self.identity} {texts.tolist()}".encode()).hexdigest()
        path = cache_folder() / f"sentences-{content}.npy"
        if path.is_file():
            vectors = np.load(path, allow_pickle=False)
        else:
            vectors = self._encode(texts.tolist())
            with atomic_path(path) as temporary:
                np.save(temporary, vectors)
        return {"vector": Modality(Kind.VECTOR, vectors[places[:-1]])}

    def _encode(self, texts: list[str]) -> NDArray[np.float32]:
        encoded = _load(self.model).encode(texts, show_progress_bar=False, convert_to_numpy=True)
        vectors: NDArray[np.float32] = np.asarray(encoded, np.float32)
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
            raise FusebenchError(f"The model {self.model!r} does not give one finite vector for each text.")
        return vectors


def find_encoder(encoder: str) -> SentenceFeatures:
    """Make the extractor that an option names.

    Raises
    ------
    FusebenchError
        If it names none that is known.

    Examples
    --------
    >>> find_encoder("text=sentence-transformers:models/small").model
    'models/small'
    """
    model = encoder.removeprefix(PREFIX)
    if model in (encoder, ""):
        raise FusebenchError(f"There is no encoder {encoder!r}; write {PREFIX}MODEL, a folder or a name.")
    return SentenceFeatures(model)


@lru_cache(maxsize=1)
def _load(model: str) -> Any:
    import torch
    from sentence_transformers import SentenceTransformer

    try:
        with torch.random.fork_rng(devices=[]):  # weights may be drawn before they are read
            return SentenceTransformer(model, device="cpu")
    except Exception as error:  # the library raises many kinds
        reason = str(error).strip().partition("\n")[0]
        raise FusebenchError(
            f"The model {model!r} of sentence-transformers cannot be loaded: it is not on this machine and "
            f"cannot be downloaded, or is damaged ({reason})."
        ) from error
