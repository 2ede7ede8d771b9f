"""Distillation against its formulas written out sample by sample; the teacher teaches and learns nothing."""

from itertools import product

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError
from fusebench.fusions.distillation import CrossModalDistillation
from fusebench.fusions.neural.batch import Batch
from fusebench.fusions.neural.concatenation import concatenation_network
from fusebench.fusions.neural.distillation import Distillation, Lesson, Students, imitation_loss
from fusebench.fusions.neural.trainer import predict_logits, seeded, train_network

N_CLASSES = 3


@pytest.fixture(params=[2, 3])
def batch(request):
    """Every pattern of absence, nothing at all included; the first modality is a sequence."""
    present = np.array(list(product([True, False], repeat=request.param)) * 2)
    rng = np.random.default_rng(0)
    modalities = {"m0": Modality(Kind.SEQUENCE, rng.standard_normal((len(present), 5, 2)).astype(np.float32))}
    for m in range(1, request.param):
        modalities[f"m{m}"] = Modality(Kind.VECTOR, rng.standard_normal((len(present), 3)).astype(np.float32))
    y = rng.integers(N_CLASSES, size=len(present))
    return MultimodalData(modalities, y, present)


@pytest.fixture
def parts(batch):
    with seeded(0):
        networks = [make(batch.modalities, 4, N_CLASSES, 0.0) for make in (concatenation_network, Students)]
        for network in networks:
            for parameter in network.parameters():
                parameter.data = torch.randn_like(parameter)
    return [network.eval() for network in networks]


def by_hand(student, teacher, label, temperature, imitation):
    soft = softmax(teacher / temperature)
    imitated = -(soft * log_softmax(student / temperature)).sum() * temperature**2
    return (1 - imitation) * -log_softmax(student)[label] + imitation * imitated


@pytest.mark.parametrize(("temperature", "imitation"), [(1.0, 0.5), (3.0, 0.2), (0.5, 1.0), (2.0, 0.0)])
def test_imitation_loss_is_the_formula(temperature, imitation):
    rng = np.random.default_rng(0)
    student, teacher, y = rng.normal(size=(7, 4)), rng.normal(size=(7, 4)), rng.integers(4, size=7)
    loss = imitation_loss(
        torch.tensor(student), torch.tensor(teacher), torch.tensor(y), temperature, imitation
    )
    expected = [by_hand(*row, temperature, imitation) for row in zip(student, teacher, y, strict=True)]
    np.testing.assert_allclose(loss, expected)


def test_the_gradient_of_imitation_does_not_shrink_with_temperature():
    """At high temperature it tends to that of half the squared difference of centred logits a class."""
    rng = np.random.default_rng(1)
    student = torch.tensor(rng.normal(size=(1, 4)), requires_grad=True)
    teacher = torch.tensor(rng.normal(size=(1, 4)))
    imitation_loss(student, teacher, torch.tensor([0]), 1e3, 1.0).sum().backward()
    difference = (student - teacher).detach()
    torch.testing.assert_close(student.grad, (difference - difference.mean()) / 4, rtol=1e-2, atol=1e-3)


def test_students_give_the_mean_log_probability_of_those_present(batch, parts):
    students, data = parts[1], Batch.of(batch)
    opinions = [logits.detach().numpy() for logits in students.opinions(data)]
    pooled = students(data).detach().numpy()
    for i, present in enumerate(batch.mask):
        votes = [log_softmax(o[i]) for o, there in zip(opinions, present, strict=True) if there]
        np.testing.assert_allclose(pooled[i], np.mean(votes, axis=0) if votes else 0.0, atol=1e-5)


def test_a_student_sees_its_own_modality_alone(batch, parts):
    students = parts[1]
    everything = batch.with_present(np.ones_like(batch.mask))
    before = students.opinions(Batch.of(everything))
    name = batch.names[-1]
    other = everything.modalities[name]
    changed = everything.with_modality(name, Modality(other.kind, other.values + 1, other.lengths))
    after = students.opinions(Batch.of(changed))
    for first, second in zip(before[:-1], after[:-1], strict=True):
        assert first.equal(second)
    assert not before[-1].allclose(after[-1])


def test_the_teacher_answers_where_all_is_present_and_the_students_elsewhere(batch, parts):
    teacher, students = parts
    data = Batch.of(batch)
    answers = Distillation(teacher, students)(data)
    complete = torch.tensor(batch.mask.all(axis=1))
    assert answers[complete].equal(teacher(data)[complete])
    assert answers[~complete].equal(students(data)[~complete])
    assert not teacher(data).allclose(students(data))


def test_a_lesson_is_the_mean_over_students_whose_modality_is_present(batch, parts):
    teacher, students = parts
    data = Batch.of(batch)
    taught = teacher(data).detach().numpy()
    opinions = [logits.detach().numpy() for logits in students.opinions(data)]
    expected = [
        by_hand(opinions[m][i], taught[i], batch.labels[i], 2.0, 0.3) for i, m in np.argwhere(batch.mask)
    ]
    lesson = Lesson(teacher, students, 2.0, 0.3)
    np.testing.assert_allclose(lesson.loss(data).item(), np.mean(expected), rtol=1e-5)


def test_the_teacher_learns_nothing_in_a_lesson_and_speaks_without_dropout(batch):
    with seeded(0):
        teacher = concatenation_network(batch.modalities, 8, N_CLASSES, dropout=0.5)
        lesson = Lesson(teacher, Students(batch.modalities, 8, N_CLASSES, dropout=0.0), 2.0, 1.0).train()
    data = Batch.of(batch)
    assert lesson.loss(data).item() == lesson.loss(data).item()
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    settings = {"learning_rate": 0.1, "weight_decay": 0.1, "batch_size": 8, "max_epochs": 3, "patience": 9}
    with seeded(0):
        train_network(lesson, data, data, **settings)
    assert all(value.equal(before[name]) for name, value in teacher.state_dict().items())


@pytest.fixture(scope="module")
def redundant():
    return load_dataset("synth-redundant").features(seed=0)


def test_the_teacher_is_the_network_that_was_trained_alone(redundant):
    fusion = CrossModalDistillation(max_epochs=3).fit(redundant.train, redundant.validation)
    train, validation = (Batch.of(fusion._prepare(s)) for s in (redundant.train, redundant.validation))
    with seeded(0):
        teacher = fusion._build(fusion._sizes).teacher
        train_network(
            teacher, train, validation,
            learning_rate=3e-3, weight_decay=0.3, batch_size=64, max_epochs=3, patience=15,
        )  # fmt: skip
    expected = predict_logits(teacher, validation).softmax(dim=1)
    np.testing.assert_allclose(fusion.predict_proba(redundant.validation), expected, atol=1e-5)


@pytest.mark.parametrize("absent", ["a", "b"])
def test_students_learn_from_the_teacher_without_any_label(redundant, absent):
    fusion = CrossModalDistillation(imitation=1.0).fit(redundant.train, redundant.validation)
    test = redundant.test.without(absent)
    assert fusion.score(test, test.labels) > 0.85


@pytest.mark.parametrize(
    ("parameter", "value", "message"),
    [
        ("temperature", 0.0, "temperature must be above 0, however: 0"),
        ("imitation", 1.5, r"imitation must lie between 0 and 1, however: 1\.5"),
    ],
)
def test_parameters_are_checked(redundant, parameter, value, message):
    with pytest.raises(FusebenchError, match=message):
        CrossModalDistillation(**{parameter: value}).fit(redundant.train, redundant.validation)
