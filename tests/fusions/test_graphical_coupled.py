from itertools import pairwise, product

import numpy as np
import pytest

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.errors import FusebenchError
from fusebench.fusions.graphical import JointHMM
from fusebench.fusions.graphical_coupled import (
    CoupledHMM,
    advance_probabilities,
    product_states,
    product_transitions,
)
from fusebench.fusions.hmm import forward, safe_log, smooth


def random_chains(rng, S=3, M=2, F=4):
    """Random coupled chains, and emissions for each chain, (F, S)."""
    places = product_states(M, S)
    advance = rng.uniform(0.1, 0.9, (1, M, len(places))) * (places < S - 1).T
    return places, advance, [rng.standard_normal((F, S)) for _ in range(M)]


def run(function, places, advance, emissions):
    log_emissions = sum(stream[:, place] for stream, place in zip(emissions, places.T, strict=True))[None]
    start = safe_log(np.eye(len(places))[0])
    transitions = safe_log(product_transitions(advance, places))
    return function(start, transitions, log_emissions[:, :, None] if function is forward else log_emissions)


def path_probability(paths, places, advance, emissions):
    """Of one path for each chain, straight from the definition."""
    weight = float(all(path[0] == 0 for path in paths))
    for now, then in pairwise(zip(*paths, strict=True)):
        row = places.tolist().index(list(now))
        for m, (i, j) in enumerate(zip(now, then, strict=True)):
            weight *= {0: 1 - advance[0, m, row], 1: advance[0, m, row]}.get(j - i, 0.0)
    return weight * np.exp(
        sum(e[t, s] for e, path in zip(emissions, paths, strict=True) for t, s in enumerate(path))
    )


@pytest.mark.parametrize("M", [1, 2, 3])
def test_scores_and_moves_equal_enumeration_of_all_tuples_of_paths(M):
    S, F = 2, 4
    places, advance, emissions = random_chains(np.random.default_rng(M), S=S, M=M, F=F)
    single = list(product(range(S), repeat=F))
    total, moved, stayed = 0.0, np.zeros((M, len(places))), np.zeros((M, len(places)))
    for paths in product(single, repeat=M):
        weight = path_probability(paths, places, advance, emissions)
        total += weight
        for now, then in pairwise(zip(*paths, strict=True)):
            row = places.tolist().index(list(now))
            moved[:, row] += weight * (np.array(then) > now)
            stayed[:, row] += weight * (np.array(then) == now)
    np.testing.assert_allclose(run(forward, places, advance, emissions), [[np.log(total)]])
    _, _, moves = run(smooth, places, advance, emissions)
    can_move = (places < S - 1).T
    expected = can_move * (1 + moved / total) / (2 + (moved + stayed) / total)
    np.testing.assert_allclose(advance_probabilities(moves, places)[0], expected)


def test_without_coupling_the_likelihood_is_the_product_of_independent_chains():
    rng = np.random.default_rng(0)
    S, F = 3, 6
    places, _, emissions = random_chains(rng, S=S, F=F)
    alone = np.array([[0.3, 0.6, 0.0], [0.8, 0.1, 0.0]])  # chance to move on, by chain and its own state
    advance = np.stack([alone[m, places[:, m]] for m in range(2)])[None]
    expected = 0.0
    for m in range(2):
        chain = np.diag(1 - alone[m]) + np.diag(alone[m, :-1], k=1)
        expected += forward(safe_log(np.eye(S)[0]), safe_log(chain)[None], emissions[m][None, :, None])[0, 0]
    assert run(forward, places, advance, emissions)[0, 0] == pytest.approx(expected)


def follower(n, seed, wait, noise=0.3, F=16):
    """Chain a moves on at random; chain b in class 0 only once a has, in class 1 whenever it likes."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    a, b = np.zeros((n, F), int), np.zeros((n, F), int)
    for t in range(1, F):
        a[:, t] = np.maximum(a[:, t - 1], rng.random(n) < 0.15)
        chance = np.where((y == 0) & wait, 0.5 * a[:, t - 1], 0.15)
        b[:, t] = np.maximum(b[:, t - 1], rng.random(n) < chance)
    frames = [
        (2.0 * path[..., None] + noise * rng.standard_normal((n, F, 1))).astype(np.float32) for path in (a, b)
    ]
    return MultimodalData({name: Modality(Kind.SEQUENCE, x) for name, x in zip("ab", frames, strict=True)}, y)


def test_a_chain_that_waits_for_another_is_found_out():
    train, validation, test = (follower(n, seed, wait=True) for seed, n in enumerate((400, 100, 400)))
    fusion = CoupledHMM(n_states=2, n_frames=16, n_iter=20).fit(train, validation)
    moves_b = fusion.advance_[:, 1]  # columns: (a, b) = (0, 0), (0, 1), (1, 0), (1, 1)
    np.testing.assert_allclose(moves_b[:, [0, 2]], [[0, 0.5], [0.15, 0.15]], atol=0.05)
    np.testing.assert_allclose(fusion.advance_[:, 0, 0], 0.15, atol=0.05)
    # b alone looks much the same in both classes; that it never leads is in the coupling.
    assert fusion.score(test, test.labels) > 0.7
    assert fusion.score(test, test.labels) > fusion.score(test.without("a"), test.labels)


def ramps(n, seed, names="ab"):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    modalities = {}
    for m, name in enumerate(names):
        slope = np.random.default_rng(m).standard_normal((3, 2))[y]
        values = np.linspace(-1, 1, 10)[None, :, None] * slope[:, None] + 0.5 * rng.standard_normal(
            (n, 10, 2)
        )
        modalities[name] = Modality(Kind.SEQUENCE, values.astype(np.float32))
    return MultimodalData(modalities, y)


def test_one_chain_is_the_joint_model_of_one_modality():
    train, validation, test = (ramps(n, seed, "a") for seed, n in enumerate((90, 60, 60)))
    coupled, joint = (
        cls(n_states=3, n_frames=10).fit(train, validation).predict_proba(test)
        for cls in (CoupledHMM, JointHMM)
    )
    np.testing.assert_allclose(coupled, joint)


def objective(fusion, data):
    """What expectation-maximisation climbs: the log-likelihood, and the log of what is given beforehand."""
    prepared = fusion._prepare(data)
    total = fusion._scores(prepared)[np.arange(len(data)), prepared.labels].sum()
    can_move = (fusion._places < fusion.n_states_ - 1).T
    advance = fusion.advance_[:, can_move]
    total += np.log(advance).sum() + np.log1p(-advance).sum()
    return total - 0.5 * sum((np.log(v) + 1 / v).sum() for v in fusion.variances_.values())


def test_every_iteration_climbs():
    train, validation = ramps(90, 0), ramps(60, 1)
    present = np.random.default_rng(0).random(train.mask.shape) < 0.8
    train = train.with_present(present)
    climbed = [
        objective(CoupledHMM(n_states=3, n_frames=10, n_iter=k).fit(train, validation), train)
        for k in range(5)
    ]
    assert (np.diff(climbed) > -1e-8 * np.abs(climbed[0])).all()
    assert climbed[3] > climbed[0] + 1


def test_a_modality_that_is_never_there_has_no_chain():
    train, validation, test = (ramps(n, seed, "abc") for seed, n in enumerate((90, 60, 60)))
    blind = CoupledHMM(n_frames=10).fit(train.without("c"), validation.without("c"))
    pair = CoupledHMM(n_frames=10).fit(train.select("ab"), validation.select("ab"))
    np.testing.assert_allclose(blind.predict_proba(test), pair.predict_proba(test.select("ab")))


@pytest.mark.parametrize(
    ("n_modalities", "limit", "expected"), [(1, 36, 5), (2, 36, 5), (2, 20, 4), (3, 36, 3), (5, 36, 2)]
)
def test_many_chains_have_fewer_states(n_modalities, limit, expected):
    data = ramps(30, 0, "abcde"[:n_modalities])
    fusion = CoupledHMM(n_frames=10, n_iter=1, max_product_states=limit).fit(data, data)
    assert fusion.n_states_ == expected


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_states": 11}, "between 1 and n_frames=10, however: 11"),
        (
            {"max_product_states": 3},
            "2 coupled chains .* have 4 product states, more than max_product_states=3",
        ),
    ],
)
def test_impossible_sizes_are_refused(params, message):
    data = ramps(30, 0)
    with pytest.raises(FusebenchError, match=message):
        CoupledHMM(n_frames=10, **params).fit(data, data)
