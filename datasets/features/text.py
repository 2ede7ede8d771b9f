"""Text features: weighted word counts as a vector, and word vectors as a sequence."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from ..data import Kind, Modality

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["TextFeatures"]

_WORD = r"(?u)\b\w+\b"


class TextFeatures:
    """TF-IDF as a vector and subword vectors as a sequence, learnt from the training texts alone.

    ========  =====================  ======================================================
    view      shape                  content
    ========  =====================  ======================================================
    vector    (n, `n_components`)    TF-IDF of words, pairs of words and pieces of words
    sequence  (n, T, `word_size`)    one frame for each word, T words in the longest
                                     training text; words after these are dropped
    ========  =====================  ======================================================

    The vector sets the TF-IDF of words and pairs of words beside that of character n-grams, each scaled to
    unit length. A word is described by its character n-grams alone, as in fastText but without training, so
    that a misspelt or unknown word lies near those that it resembles. Both descriptions are projected on
    their leading right singular vectors (latent semantic analysis). Where the training texts span fewer
    dimensions than were asked for, the other columns are 0. Columns have a common scale: scaled to spread 1
    each, the last ones, which are mostly noise, would count as much as the first.

    An empty text is a vector of zeros and a sequence of one frame of zeros.

    Parameters
    ----------
    n_components : int, default=64
        Width of the vector view.
    word_size : int, default=64
        Width of a frame of the sequence view.
    max_words : int, default=32
        Upper limit of T.

    Attributes
    ----------
    n_words_ : int
        T.

    References
    ----------
    S. Deerwester et al., "Indexing by latent semantic analysis", JASIS 41(6), 1990.
    P. Bojanowski et al., "Enriching word vectors with subword information", TACL 5, 2017.

    Examples
    --------
    >>> texts = Modality(Kind.TEXT, np.array(["A red circle.", "A blue square.", ""]))
    >>> views = TextFeatures().fit(texts).transform(texts)
    >>> views["vector"].values.shape, views["sequence"].values.shape
    ((3, 64), (3, 3, 64))
    >>> views["sequence"].lengths
    array([3, 3, 1])
    """

    n_words_: int

    def __init__(self, n_components: int = 64, word_size: int = 64, max_words: int = 32) -> None:
        self.n_components = n_components
        self.word_size = word_size
        self.max_words = max_words

    def fit(self, modality: Modality) -> Self:
        """Learn the vocabulary, the weights and the projections."""
        texts = modality.values.tolist()
        words = [_split(text) for text in texts]
        vocabulary = sorted({word for text in words for word in text})
        self.n_words_ = min(max([1, *map(len, words)]), self.max_words)
        self._text_projection = _Projection(self.n_components, words=True).fit(texts)
        self._word_projection = _Projection(self.word_size, words=False).fit(vocabulary)
        return self

    def transform(self, modality: Modality) -> dict[str, Modality]:
        """Give the views ``vector`` and ``sequence``, float32."""
        texts = modality.values.tolist()
        return {
            "vector": Modality(Kind.VECTOR, self._text_projection.transform(texts), common_scale=True),
            "sequence": self._sequence([_split(text)[: self.n_words_] for text in texts]),
        }

    def _sequence(self, texts: list[list[str]]) -> Modality:
        vocabulary = sorted({word for text in texts for word in text})
        vectors = dict(zip(vocabulary, self._word_projection.transform(vocabulary), strict=True))
        frames = np.zeros((len(texts), self.n_words_, self.word_size), np.float32)
        for row, text in zip(frames, texts, strict=True):
            for frame, word in zip(row, text, strict=False):
                frame[:] = vectors[word]
        lengths = np.array([max(1, len(text)) for text in texts], np.int64)
        return Modality(Kind.SEQUENCE, frames, lengths, common_scale=True)


class _Projection:
    """TF-IDF of character n-grams, and of words if asked for, on its leading right singular vectors."""

    def __init__(self, width: int, *, words: bool) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._width = width
        self._vectorizers = [TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4))]
        if words:
            self._vectorizers.append(TfidfVectorizer(token_pattern=_WORD, ngram_range=(1, 2)))

    def fit(self, texts: Sequence[str]) -> Self:
        from sklearn.utils.extmath import randomized_svd

        # Texts without a word, or no texts at all, have an empty vocabulary, which scikit-learn refuses.
        self._fitted = any(_split(text) for text in texts)
        if self._fitted:
            for vectorizer in self._vectorizers:
                vectorizer.fit(texts)
            weights = self._weigh(texts)
            rank = min(self._width, *weights.shape)
            _, strengths, axes = randomized_svd(weights, rank, random_state=0)
            # Axes of no strength are rounding noise: training texts would be 0 there but new texts would not.
            self._axes = axes[strengths > 1e-6 * strengths[0]].T
        return self

    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        features = np.zeros((len(texts), self._width), np.float32)
        if self._fitted and len(texts):
            features[:, : self._axes.shape[1]] = self._weigh(texts) @ self._axes
        return features

    def _weigh(self, texts: Sequence[str]) -> "csr_matrix":
        from scipy.sparse import hstack

        return hstack([vectorizer.transform(texts) for vectorizer in self._vectorizers], format="csr")


def _split(text: str) -> list[str]:
    """Split into words, in lower case."""
    return re.findall(_WORD, text.lower())
