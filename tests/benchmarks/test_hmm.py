"""Time to fit hidden Markov models of ten classes to 3,000 sequences of 50 frames with 39 features."""

import numpy as np

from fusebench.fusions.hmm_fit import fit_left_to_right


def test_fit_chains_of_all_classes(benchmark):
    rng = np.random.default_rng(0)
    n, n_frames, d, n_classes = 3000, 50, 39, 10
    y = np.arange(n) % n_classes
    drift = np.linspace(-1, 1, n_frames)[:, None] * rng.standard_normal((n_classes, 1, d))[y]
    frames = drift + rng.standard_normal((n, n_frames, d))
    chains = benchmark.pedantic(
        fit_left_to_right,
        (frames, np.ones((n, d), bool), y),
        {"n_classes": n_classes, "n_states": 10, "n_iter": 10},
        rounds=2,
    )
    assert chains.means.shape == (n_classes, 10, d)
