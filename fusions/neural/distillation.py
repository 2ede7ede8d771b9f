"""Students of single modalities that imitate a network which has seen all of them."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ...datasets.data import Modality
from .batch import Batch
from .encoders import Encoders, mlp

__all__ = ["Distillation", "Lesson", "Students", "imitation_loss"]


def imitation_loss(
    student: Tensor, teacher: Tensor, labels: Tensor, temperature: float, imitation: float
) -> Tensor:
    r"""Loss of each sample between its label and a teacher's opinion, (n,).

    .. math:: (1 - \lambda) H(y, \sigma(s)) + \lambda T^2 H(\sigma(t / T), \sigma(s / T))

    with H the cross-entropy and sigma the softmax. The square of T keeps the gradient of the second term
    from shrinking as T grows.

    Parameters
    ----------
    student, teacher : Tensor of shape (n, n_classes)
        Logits s and t.
    labels : Tensor of shape (n,)
        y.
    temperature, imitation : float
        T and lambda.

    Examples
    --------
    >>> logits = torch.zeros(1, 2)
    >>> imitation_loss(logits, logits, torch.tensor([0]), temperature=2.0, imitation=0.5)
    tensor([1.7329])
    """
    soft = (teacher / temperature).softmax(dim=1)
    imitated = cross_entropy(student / temperature, soft, reduction="none") * temperature**2
    told = cross_entropy(student, labels, reduction="none")
    return (1 - imitation) * told + imitation * imitated


class Students(nn.Module):
    """A classifier for each modality alone; together they give the mean of their log-probabilities.

    Parameters
    ----------
    modalities : mapping of str to Modality
        Training data, for the sizes.
    hidden, n_classes : int
        Width of embeddings and hidden layers; outputs.
    dropout : float
        Of both.
    """

    def __init__(
        self, modalities: Mapping[str, Modality], hidden: int, n_classes: int, dropout: float
    ) -> None:
        super().__init__()
        self.encoders = Encoders(modalities, hidden, dropout)
        self.heads = nn.ModuleList(mlp(hidden, hidden, n_classes, dropout=dropout) for _ in modalities)

    def opinions(self, batch: Batch) -> list[Tensor]:
        """Give the logits of every student, M of shape (n, n_classes)."""
        return [head(z) for head, z in zip(self.heads, self.encoders(batch), strict=True)]

    def forward(self, batch: Batch) -> Tensor:
        """Give the mean log-probabilities of those whose modality is present, (n, n_classes)."""
        votes = torch.stack([logits.log_softmax(dim=1) for logits in self.opinions(batch)], dim=1)
        present = batch.present[:, :, None]
        return (votes * present).sum(dim=1) / present.sum(dim=1).clamp(min=1)


class Distillation(nn.Module):
    """The teacher answers where all modalities are present, the students where any is absent."""

    def __init__(self, teacher: nn.Module, students: Students) -> None:
        super().__init__()
        self.teacher, self.students = teacher, students

    def forward(self, batch: Batch) -> Tensor:
        """Give logits (n, n_classes)."""
        complete = batch.present.all(dim=1, keepdim=True)
        return torch.where(complete, self.teacher(batch), self.students(batch))


class Lesson(nn.Module):
    """Students in training, with a teacher who learns nothing any more.

    Parameters
    ----------
    teacher : Module
        Trained, from `Batch` to logits.
    students : Students
        To be trained.
    temperature, imitation : float
        As in `imitation_loss`.
    """

    def __init__(self, teacher: nn.Module, students: Students, temperature: float, imitation: float) -> None:
        super().__init__()
        self.teacher, self.students = teacher, students
        self.temperature, self.imitation = temperature, imitation

    def forward(self, batch: Batch) -> Tensor:
        """Give what the students say, by which their training stops."""
        logits: Tensor = self.students(batch)
        return logits

    def loss(self, batch: Batch) -> Tensor:
        """Give the mean imitation loss of all students over the samples that have their modality."""
        assert batch.labels is not None  # noqa: S101  (whoever trains has labels; for the type checker)
        self.teacher.eval()
        with torch.no_grad():
            taught = self.teacher(batch)
        losses = [
            imitation_loss(logits, taught, batch.labels, self.temperature, self.imitation)
            for logits in self.students.opinions(batch)
        ]
        return (torch.stack(losses, dim=1) * batch.present).sum() / batch.present.sum().clamp(min=1)
