"""Cross-modal distillation: what all modalities know together is taught to each of them alone."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..datasets.data import MultimodalData, Task
from ..errors import FusebenchError
from .neural.estimator import NeuralFusion
from .registry import register_fusion

if TYPE_CHECKING:
    from torch import nn

    from .neural.batch import Batch
    from .neural.trainer import History

__all__ = ["CrossModalDistillation"]


@register_fusion(
    "cross-modal-distillation", family="co-learning", reference="Lopez-Paz et al. 2016, arXiv:1511.03643"
)
@dataclass(eq=False, repr=False, kw_only=True)
class CrossModalDistillation(NeuralFusion):
    """A fused teacher, and a student for each modality that learns from its softened answers too.

    The teacher is a perceptron on the embeddings of all modalities side by side. When it is trained, each
    student, a perceptron on the embedding of one modality, learns from the labels and from the teacher's
    answers at a temperature (`fusebench.fusions.neural.distillation.imitation_loss`). The teacher answers for
    a sample that has all modalities; for one that lacks any, the students of those that are present do, by
    the mean of their log-probabilities.

    Gupta et al. distil features of one modality into another without labels; here, as in generalized
    distillation, answers are distilled, and what the student will not see at test time is all the other
    modalities.

    The parameters are those of `NeuralFusion`, and two of its own.

    Parameters
    ----------
    temperature : float
        Divides the logits of teacher and students before they are compared; above 0.
    imitation : float
        Weight of the teacher's answers beside the labels, between 0 and 1.

    References
    ----------
    Lopez-Paz, Bottou, Schölkopf, Vapnik (2016). Unifying distillation and privileged information. ICLR.
    arXiv:1511.03643. The square of the temperature is from Hinton, Vinyals, Dean (2015), arXiv:1503.02531.
    Gupta, Hoffman, Malik (2016). Cross modal distillation for supervision transfer. CVPR. arXiv:1507.00448.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = CrossModalDistillation(max_epochs=10, random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test.without("a"), data.test.labels) > 0.8)
    True
    """

    views = ("vector", "sequence")
    absence = "native"
    tasks: ClassVar[tuple[Task, ...]] = (Task.CLASSIFICATION,)

    temperature: float = 4.0
    imitation: float = 0.5

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural.concatenation import concatenation_network
        from .neural.distillation import Distillation, Students

        if not self.temperature > 0:
            raise FusebenchError(f"temperature must be above 0, however: {self.temperature}.")
        if not 0 <= self.imitation <= 1:
            raise FusebenchError(f"imitation must lie between 0 and 1, however: {self.imitation}.")
        sizes = train.modalities, self.hidden, self.n_outputs_, self.dropout
        return Distillation(concatenation_network(*sizes), Students(*sizes))

    def _train(self, network: "nn.Module", train: "Batch", validation: "Batch") -> "History":
        from .neural.distillation import Distillation, Lesson

        assert isinstance(network, Distillation)  # noqa: S101  (`_build` made it; for the type checker)
        super()._train(network.teacher, train, validation)
        lesson = Lesson(network.teacher, network.students, self.temperature, self.imitation)
        return super()._train(lesson, train, validation)
