"""Trees of linear Gaussians: which features are neighbours, and the density that follows."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["conditional_correlations", "gaussian_log_density", "implied_correlations", "spanning_tree"]


def conditional_correlations(
    deviations: NDArray[np.float64], observed: NDArray[np.bool_], y: NDArray, n_classes: int
) -> NDArray[np.float64]:
    """Correlate features within each class, over the samples that show both.

    Parameters
    ----------
    deviations : numpy.ndarray of shape (n, d)
        Features less the mean of their class.
    observed : numpy.ndarray of bool, shape (n, d)
        Which of them count.
    y : numpy.ndarray of shape (n,)
        Classes 0 .. `n_classes` - 1.
    n_classes : int
        K.

    Returns
    -------
    numpy.ndarray of shape (K, d, d)
        Less than 1 in size, for the sake of one more sample of variance 1 and correlation 0; 0 on the
        diagonal, where nothing is to be learnt.
    """
    d = deviations.shape[1]
    correlations = np.zeros((n_classes, d, d))
    for k in np.unique(y):
        shown = observed[y == k].astype(np.float64)
        x = deviations[y == k] * shown
        squares = 1 + (x**2).T @ shown  # of the row's feature, over the samples that show the column's too
        correlations[k] = x.T @ x / np.sqrt(squares * squares.T)
        np.fill_diagonal(correlations[k], 0)
    return correlations


def spanning_tree(information: NDArray[np.float64]) -> NDArray[np.intp]:
    """Find the tree over all features with the greatest sum of information between neighbours.

    Parameters
    ----------
    information : numpy.ndarray of shape (d, d)
        Symmetric.

    Returns
    -------
    numpy.ndarray of shape (d - 1, 2)
        Edges.

    Examples
    --------
    >>> spanning_tree(np.array([[0.0, 0.5, 0.1], [0.5, 0.0, 0.4], [0.1, 0.4, 0.0]])).tolist()
    [[0, 1], [1, 2]]
    """
    from scipy.sparse.csgraph import minimum_spanning_tree

    lengths = 1 + information.max(initial=0) - information  # positive: scipy takes 0 for no edge
    tree = minimum_spanning_tree(np.triu(lengths, 1))
    return np.argwhere(tree.toarray() > 0)


def implied_correlations(correlations: NDArray[np.float64], edges: NDArray[np.intp]) -> NDArray[np.float64]:
    """Multiply correlations along the paths of a tree.

    Parameters
    ----------
    correlations : numpy.ndarray of shape (K, d, d)
        Less than 1 in size off the diagonal; only those of neighbours are read.
    edges : numpy.ndarray of shape (d - 1, 2)
        The tree.

    Returns
    -------
    numpy.ndarray of shape (K, d, d)
        Positive definite correlation matrices, whose inverses are 0 between features that are no neighbours.

    Examples
    --------
    >>> chain = np.array([[[0.0, 0.5, 0.9], [0.5, 0.0, 0.5], [0.9, 0.5, 0.0]]])
    >>> implied_correlations(chain, np.array([[0, 1], [1, 2]]))[0, 0]
    array([1.  , 0.5 , 0.25])
    """
    implied = np.tile(np.eye(correlations.shape[1]), (len(correlations), 1, 1))
    reached, waiting = [0], edges.tolist()
    while waiting:
        # An edge whose one end is reached joins the other end to all that is reached.
        i, j = next(edge for edge in waiting if (edge[0] in reached) != (edge[1] in reached))
        waiting.remove([i, j])
        known, new = (i, j) if i in reached else (j, i)
        implied[:, new, reached] = correlations[:, [known], [new]] * implied[:, known, reached]
        implied[:, reached, new] = implied[:, new, reached]
        reached.append(new)
    return implied


def gaussian_log_density(
    features: NDArray[np.float64],
    observed: NDArray[np.bool_],
    means: NDArray[np.float64],
    covariances: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Log density of what is observed of each sample, under the Gaussian of each class.

    Parameters
    ----------
    features : numpy.ndarray of shape (n, d)
        Samples.
    observed : numpy.ndarray of bool, shape (n, d)
        Which features count; the others are integrated over.
    means, covariances : numpy.ndarray of shape (K, d) and (K, d, d)
        Of the classes.

    Returns
    -------
    numpy.ndarray of shape (n, K)

    Examples
    --------
    >>> x, both = np.zeros((1, 2)), np.array([[True, True]])
    >>> gaussian_log_density(x, both, np.zeros((1, 2)), np.eye(2)[None]).round(3)
    array([[-1.838]])
    """
    log_density = np.empty((len(features), len(means)))
    for pattern in np.unique(observed, axis=0):
        rows = (observed == pattern).all(axis=1)
        root = np.linalg.cholesky(covariances[:, pattern][:, :, pattern])
        deviation = features[rows][:, pattern].T - means[:, pattern, None]  # (K, d, rows)
        distance = (np.linalg.solve(root, deviation) ** 2).sum(axis=1)
        log_det = 2 * np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
        constant = log_det + pattern.sum() * np.log(2 * np.pi)
        log_density[rows] = -0.5 * (distance + constant[:, None]).T
    return log_density
