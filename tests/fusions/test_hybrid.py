import numpy as np

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.fusions.control import Unimodal
from fusebench.fusions.hybrid import HybridStacking
from fusebench.fusions.late_learnt import LateStacking
from fusebench.fusions.stacking import EvidenceStacker


def common_noise(n, seed):
    """Signal plus noise in one modality, the same noise alone in the other: the difference tells."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    noise = 3 * rng.standard_normal((n, 1))
    values = {"mixed": noise + 2 * y[:, None], "noise": noise + 0.2 * rng.standard_normal((n, 1))}
    return MultimodalData(
        {name: Modality(Kind.VECTOR, v.astype(np.float32)) for name, v in values.items()}, y
    )


def test_the_early_branch_gives_what_late_fusion_cannot_see():
    train, validation, test = (common_noise(n, seed) for seed, n in enumerate((600, 300, 600)))
    late, hybrid = (
        f.fit(train, validation).score(test, test.labels) for f in (LateStacking(), HybridStacking())
    )
    assert late < 0.75
    assert hybrid > 0.95


def test_the_late_branches_answer_where_the_early_one_fails():
    train, validation, test = (common_noise(n, seed) for seed, n in enumerate((600, 300, 600)))
    alone = Unimodal(modality="mixed").fit(train, validation).score(test, test.labels)
    fusion = HybridStacking().fit(train, validation)
    assert fusion.score(test.without("noise"), test.labels) > alone - 0.03


def test_an_absent_modality_is_at_its_mean_in_the_early_branch():
    train, validation, test = (common_noise(n, seed) for seed, n in enumerate((600, 300, 50)))
    fusion = HybridStacking().fit(train, validation)
    mean = np.full_like(test.modalities["noise"].values, train.modalities["noise"].values.mean())
    at_mean = test.with_modality("noise", Modality(Kind.VECTOR, mean))
    early = [fusion._branches(fusion._prepare(data))[:, 0] for data in (test.without("noise"), at_mean)]
    np.testing.assert_allclose(early[0], early[1], atol=1e-5)


def test_the_stack_is_fitted_to_copies_that_lack_each_modality():
    data = common_noise(20, 0)
    masks = []

    def branches(samples):
        masks.append(samples.mask)
        return np.full((len(samples), 1, 2), 0.5)

    EvidenceStacker(np.array([0.5, 0.5])).fit(branches, data)
    assert [mask.all(axis=0).tolist() for mask in masks] == [[True, True], [False, True], [True, False]]


def test_a_branch_that_predicts_the_prior_has_no_say():
    prior = np.array([0.25, 0.75])
    y = np.arange(200) % 4 > 0
    votes = np.stack([np.where(y[:, None], [0.1, 0.9], [0.6, 0.4]), np.tile(prior, (200, 1))], axis=1)
    data = MultimodalData({"a": Modality(Kind.VECTOR, np.zeros((200, 1), np.float32))}, y.astype(int))
    with_it, without_it = (
        EvidenceStacker(prior).fit(lambda _, kept=kept: votes[:, kept], data).predict_proba(votes[:, kept])
        for kept in (slice(0, 2), slice(0, 1))
    )
    np.testing.assert_allclose(with_it, without_it, atol=1e-6)
    assert ((with_it[:, 1] > 0.7) == y).all()


def test_a_branch_that_mixes_up_the_classes_is_put_right():
    prior = np.full(3, 1 / 3)
    y = np.arange(150) % 3
    data = MultimodalData({"a": Modality(Kind.VECTOR, np.zeros((150, 1), np.float32))}, y)
    votes = (0.1 + 0.7 * np.eye(3))[(y + 1) % 3][:, None]
    stacker = EvidenceStacker(prior).fit(lambda samples: votes[: len(samples)], data)
    assert (stacker.predict_proba(votes).argmax(axis=1) == y).all()


def test_one_wrong_certainty_cannot_outweigh_all_other_votes():
    prior = np.array([0.5, 0.5])
    y = np.arange(100) % 2
    data = MultimodalData({"a": Modality(Kind.VECTOR, np.zeros((100, 1), np.float32))}, y)
    votes = np.eye(2)[y][:, None]  # probabilities of exactly 0 and 1
    probabilities = EvidenceStacker(prior).fit(lambda _: votes, data).predict_proba(votes)
    assert np.isfinite(probabilities).all()
    assert (probabilities.argmax(axis=1) == y).all()
