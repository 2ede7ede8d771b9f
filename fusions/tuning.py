"""Tuning: any strategy, with the parameters that validation prefers among a fixed number of trials."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from ..datasets.data import MultimodalData, Task
from ..errors import DivergedError, FusebenchError, did_you_mean
from .base import FusionStrategy
from .linear import output_loss
from .search import Choice, Dimension, Integer, SearchSpace
from .wrapped import WrappedFusion

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

__all__ = ["Trial", "TunedFusion", "find_tuned", "load_optuna", "validation_loss"]

_RANDOM_TRIALS = 5  # before anything is learnt from them; a constant, so that a larger budget begins alike


@dataclass(frozen=True)
class Trial:
    """One fit: its parameters, and its loss on validation or why it has none."""

    parameters: dict[str, Any]
    loss: float
    failure: str = ""


class TunedFusion(WrappedFusion):
    """A strategy with the parameters of least loss on validation among a fixed number of trials.

    Every trial is a fit on the training samples. The first is that of the parameters as they are, so that
    tuning is never worse on validation than none; the others are proposed by a tree-structured Parzen
    estimator, the first few of them at random. All are judged by `validation_loss`, the loss that most
    strategies are fitted by: it is finer than an accuracy, of which a few hundred samples tell few values
    apart. A trial that fails or diverges counts, and is passed over. Validation is all that a choice is
    made by; it has chosen epochs or penalties within each trial before, so the loss of the best trial is
    too good to be true, and only that of the test split is to be believed.

    A strategy with nothing to tune is fitted once.

    Parameters
    ----------
    fusion : FusionStrategy
        Unfitted; it is cloned.
    n_trials : int
        How many fits.
    space : mapping of str to Dimension, optional
        What is searched; that of the strategy, `search_space`, when left out.
    random_state : int
        Draws the proposals. The strategy keeps its own in all trials.

    Attributes
    ----------
    fusion_ : FusionStrategy
        The best one, fitted.
    chosen_ : dict
        Its parameters, of those that were tuned.
    trials_ : list of Trial
        All of them, in order.

    Raises
    ------
    FusebenchError
        By `fit`: if a name of the space is no parameter, or the present value of one lies outside; if
        there is something to tune and Optuna is not installed.

    References
    ----------
    Bergstra, Bardenet, Bengio, Kégl (2011). Algorithms for hyper-parameter optimization. NeurIPS. As
    implemented in Optuna: Akiba, Sano, Yanase, Ohta, Koyama (2019), KDD, arXiv:1907.10902.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> from fusebench.fusions.registry import make_fusion
    >>> data = load_dataset("synth-noise").features(seed=0)
    >>> fusion = TunedFusion(make_fusion("gaussian-naive-bayes"), n_trials=3)
    >>> len(fusion.fit(data.train, data.validation).trials_), list(fusion.chosen_)
    (3, ['min_variance'])
    """

    fusion_: FusionStrategy
    chosen_: dict[str, Any]
    trials_: list[Trial]

    def __init__(
        self,
        fusion: FusionStrategy,
        *,
        n_trials: int = 10,
        space: SearchSpace | None = None,
        random_state: int = 0,
    ) -> None:
        self.fusion = fusion
        self.n_trials = n_trials
        self.space = space
        self.random_state = random_state

    @property
    def tasks(self) -> tuple[Task, ...]:  # type: ignore[override]
        """Those of the strategy inside."""
        return self.fusion.tasks

    @property
    def searched(self) -> SearchSpace:
        """What is tuned."""
        return self.fusion.search_space if self.space is None else self.space

    @property
    def n_fits(self) -> int:
        """How many fits there will be: `n_trials`, or one if there is nothing to tune."""
        return self.n_trials if self.searched else 1

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        if self.n_trials < 1:
            raise FusebenchError(f"n_trials must be at least 1, however: {self.n_trials}.")
        self.trials_ = []
        best, first_failure = np.inf, None
        search = _Search(self._check_space(), self.random_state) if self.searched else None
        for _ in range(self.n_fits):
            parameters = search.ask() if search else {}
            candidate = clone(self.fusion).set_params(**parameters)
            try:
                loss = validation_loss(candidate.fit(train, validation), validation)
                trial = Trial(parameters, loss)
            except Exception as error:
                first_failure = first_failure or error
                reason = f"{type(error).__name__}: {error}".split("\n", 1)[0]
                trial = Trial(parameters, np.nan, reason)
            self.trials_.append(trial)
            if search:
                search.tell(trial.loss)
            if trial.loss < best:
                best, self.fusion_, self.chosen_ = trial.loss, candidate, parameters
        if np.isinf(best) and first_failure is not None:
            raise first_failure

    def _check_space(self) -> dict[str, tuple[Dimension, Any]]:
        """Give each dimension with the present value, which must lie in it."""
        present = self.fusion.get_params()
        for name, dimension in self.searched.items():
            if name not in present:
                raise FusebenchError(
                    f"{type(self.fusion).__name__} has no parameter {name!r} to tune; "
                    f"{did_you_mean(name, present)}"
                )
            if present[name] not in dimension:
                raise FusebenchError(
                    f"{name} is {present[name]!r}, which its search space ({dimension}) lacks; leave one of "
                    "the two out."
                )
        return {name: (dimension, present[name]) for name, dimension in self.searched.items()}

    # The strategy inside prepares the data, once and by itself, and finishes its outputs: so the first trial
    # gives the numbers that it gives alone, to the last bit.

    def _standardize(self, data: MultimodalData) -> MultimodalData:
        return self._check(data)

    def _finish(self, data: MultimodalData) -> NDArray[np.float64]:
        return self._predict_outputs(data)

    def _predict_outputs(self, data: MultimodalData) -> NDArray[np.float64]:
        return self.fusion_._finish(data)


class _Search:
    """Proposals of Optuna, the present values first."""

    def __init__(self, space: dict[str, tuple[Dimension, Any]], seed: int) -> None:
        load_optuna()
        import optuna

        self._distributions = {name: _distribution(dimension) for name, (dimension, _) in space.items()}
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=_RANDOM_TRIALS)
        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.WARNING)  # else it tells the log of every study
        try:
            self._study = optuna.create_study(sampler=sampler)
        finally:
            optuna.logging.set_verbosity(verbosity)
        self._study.enqueue_trial({name: value for name, (_, value) in space.items()})

    def ask(self) -> dict[str, Any]:
        """Propose values of all parameters."""
        self._asked = self._study.ask(self._distributions)
        return self._asked.params

    def tell(self, loss: float) -> None:
        """Say what came of the last proposal; NaN if nothing did."""
        from optuna.trial import TrialState

        if np.isnan(loss):
            self._study.tell(self._asked, state=TrialState.FAIL)
        else:
            self._study.tell(self._asked, loss)


def validation_loss(fusion: FusionStrategy, validation: MultimodalData) -> float:
    """Judge a fitted strategy: the mean log loss of classes or labels, the mean squared error of values.

    Raises
    ------
    DivergedError
        If it is not finite.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> from fusebench.fusions.registry import make_fusion
    >>> data = load_dataset("synth-xor").features(seed=0)
    >>> round(validation_loss(make_fusion("majority").fit(data.train), data.validation), 2)  # log(2)
    0.69
    """
    y = validation.labels
    if fusion.task_ is Task.REGRESSION:
        outputs = fusion.predict(validation)[:, None]
    else:
        outputs = fusion.predict_proba(validation)
    if fusion.task_ is Task.CLASSIFICATION:
        y = np.searchsorted(fusion.classes_, y)
    loss = output_loss(outputs, y)
    if not np.isfinite(loss):
        raise DivergedError(f"{type(fusion).__name__} has a loss on validation that is not finite.")
    return loss


def find_tuned(fusion: FusionStrategy) -> TunedFusion | None:
    """Find the tuning in a strategy and what is around it; None if there is none."""
    while isinstance(fusion, WrappedFusion):
        if isinstance(fusion, TunedFusion):
            return fusion
        fusion = vars(fusion).get("fusion_", fusion.fusion)
    return None


def load_optuna() -> None:
    """Import Optuna, which is not done before it is needed.

    Raises
    ------
    FusebenchError
        If it is not installed.
    """
    try:
        import optuna  # noqa: F401
    except ModuleNotFoundError as error:
        raise FusebenchError('Tuning needs Optuna: pip install "fusebench[tune]".') from error


def _distribution(dimension: Dimension) -> "BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(dimension, Choice):
        return CategoricalDistribution(dimension.options)
    if isinstance(dimension, Integer):
        return IntDistribution(dimension.low, dimension.high)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)
