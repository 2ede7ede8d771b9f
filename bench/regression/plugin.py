"""The pytest plugin: `fusion_benchmark` times one's own fusion, scores it, and holds both to a reference.

It is loaded in every pytest session where Fusebench is installed, so it imports nothing until it is used.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ...fusions.base import FusionStrategy

__all__ = ["fusion_benchmark", "pytest_addoption"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the name of a reference."""
    parser.getgroup("fusebench").addoption(
        "--fusebench-reference",
        metavar="FILE",
        default=None,
        help="What `fusebench track` wrote of the same tests: `fusion_benchmark` fails where a fusion has "
        "become slower or worse.",
    )


@pytest.fixture(params=["fit", "predict"])
def fusion_benchmark(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Time the fit and the prediction of a fusion, and score it.

    A test that takes this runs twice, once for each. It calls it with a fusion (a name, or an estimator,
    which is not changed) and says, if it wants to, ``dataset`` (a name or a `Dataset`; "synth-redundant"
    when left out) and ``seeds`` (how many it is scored with; 5). The scores are in the ``extra_info`` of
    the benchmark "fit", by seed.

    With ``--fusebench-reference FILE`` the test fails if the fusion is slower or worse than the file says,
    by the rules of ``fusebench regress``. Times of another machine are not compared.

    Examples
    --------
    ::

        def test_mine(fusion_benchmark):
            fusion_benchmark(MyFusion(), dataset="avdigits")
    """
    benchmark = request.getfixturevalue("benchmark")
    reference = request.config.getoption("fusebench_reference")

    def measure(fusion: "FusionStrategy | str", dataset: Any = "synth-redundant", seeds: int = 5) -> None:
        from .document import read_document
        from .fixture import compare_with, time_and_score

        scores = time_and_score(benchmark, request.param, fusion, dataset, seeds)
        if reference is not None:
            problem = compare_with(read_document(reference), benchmark, scores)
            if problem:
                pytest.fail(problem, pytrace=False)

    return measure
