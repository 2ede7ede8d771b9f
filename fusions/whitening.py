"""Principal components of one modality, each of variance 1."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["whitening"]


def whitening(features: NDArray, n_components: int) -> NDArray[np.float64]:
    """Find the directions of most variance, scaled so that the features along them have variance 1.

    Parameters
    ----------
    features : numpy.ndarray of shape (n, d)
        Of mean 0, as `Standardizer` makes them.
    n_components : int
        The most directions. There are fewer where the features vary in fewer.

    Returns
    -------
    numpy.ndarray of shape (d, c)
        ``features @ whitening(...)`` are the components, c of them; none where there is no sample.

    Examples
    --------
    >>> x = np.array([[-2.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> (x @ whitening(x, n_components=1)).std(axis=0).round(6)
    array([1.])
    """
    x = features.astype(np.float64)
    variances, directions = np.linalg.eigh(x.T @ x / max(len(x), 1))
    variances, directions = variances[::-1][:n_components], directions[:, ::-1][:, :n_components]
    kept = variances > 1e-6 * max(variances[0], 1e-6)
    components: NDArray[np.float64] = directions[:, kept] / np.sqrt(variances[kept])
    return components
