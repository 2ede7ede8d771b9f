"""What networks promise beyond other strategies: all of them learns, and they need not see all data."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from ...fusions.neural.estimator import NeuralFusion
from .samples import drop, on_disk

if TYPE_CHECKING:
    from .fusion import Subject

__all__ = ["check_data_on_disk_are_streamed", "check_every_parameter_moves"]


def check_every_parameter_moves(subject: "Subject") -> None:
    """Fitting changes every parameter of a network, and no trainable tensor hides outside of them."""
    fusion = subject.fitted()
    if not isinstance(fusion, NeuralFusion):
        return
    initial = dict(fusion.initial_network().named_parameters())
    for name, parameter in fusion.network_.named_parameters():
        assert not parameter.equal(initial[name]), f"{name} has not moved"
    known = {id(parameter) for parameter in fusion.network_.parameters()}
    for module in fusion.network_.modules():
        for name, value in vars(module).items():
            for item in _flatten(value):
                hidden = getattr(item, "requires_grad", False) and id(item) not in known
                assert not hidden, f"{type(module).__name__}.{name} holds a tensor that is no parameter"


def check_data_on_disk_are_streamed(subject: "Subject") -> None:
    """What streams gives the same numbers for data on disk, of which no network is ever shown all."""
    if not subject.estimator.streams:
        return
    from torch.nn.modules.module import register_module_forward_pre_hook

    data = subject.data(2)
    parts = [drop(part.take(np.arange(60)), 0.3) for part in (data.train, data.validation, data.test)]
    fusion = clone(subject.estimator)
    if "max_epochs" in fusion.get_params():
        fusion.set_params(max_epochs=2)

    def refuse_all(module: Any, inputs: tuple[Any, ...]) -> None:
        for given in inputs:
            assert not getattr(given, "streamed", False), f"{type(module).__name__} is shown all data at once"

    expected = clone(fusion).fit(*parts[:2]).predict_proba(parts[2])
    hook = register_module_forward_pre_hook(refuse_all)
    try:
        with on_disk(parts) as (train, validation, test):
            found = clone(fusion).fit(train, validation).predict_proba(test)
    finally:
        hook.remove()
    np.testing.assert_array_equal(found, expected)


def _flatten(value: Any) -> Iterator[Any]:
    """Give a value, or what is in a list, tuple or dictionary of values."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _flatten(item)
    else:
        yield value
