"""What a network is given: tensors by modality, their lengths, and which are present."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from ...datasets.data import MultimodalData

__all__ = ["Batch"]


@dataclass(frozen=True, eq=False)
class Batch:
    """Prepared data as tensors; every network's ``forward`` takes one and gives logits (n, n_classes).

    Parameters
    ----------
    values : mapping of str to Tensor
        (n, d) for vectors, (n, T, d) for sequences; 0 where absent or padded.
    lengths : mapping of str to Tensor
        (n,) valid frames, for sequences only.
    present : Tensor of bool, shape (n, M)
        Columns in the order of `values`.
    labels : Tensor, optional
        int64 of shape (n,), 0 .. n_classes - 1; or float32 of shape (n, k) or (n,), see `task_loss`.

    Examples
    --------
    >>> import numpy as np
    >>> from fusebench.datasets.data import Kind, Modality
    >>> data = MultimodalData({"a": Modality(Kind.VECTOR, np.ones((4, 2), np.float32))})
    >>> batch = Batch.of(data)
    >>> batch.values["a"].shape, len(batch[1:3])
    (torch.Size([4, 2]), 2)
    """

    values: Mapping[str, Tensor]
    lengths: Mapping[str, Tensor]
    present: Tensor
    labels: Tensor | None = None

    @classmethod
    def of(cls, data: MultimodalData, device: str = "cpu") -> Self:
        """Make tensors on a device."""
        modalities = data.modalities.items()
        return cls(
            {name: torch.as_tensor(m.values, dtype=torch.float32, device=device) for name, m in modalities},
            {name: torch.tensor(m.lengths, device=device) for name, m in modalities if m.lengths is not None},
            torch.tensor(data.mask, device=device),
            None if data.y is None else torch.tensor(data.y, device=device),
        )

    def __len__(self) -> int:
        return len(self.present)

    def __getitem__(self, index: slice | Tensor) -> Self:
        """Select samples; a slice copies nothing."""
        return type(self)(
            {name: values[index] for name, values in self.values.items()},
            {name: lengths[index] for name, lengths in self.lengths.items()},
            self.present[index],
            None if self.labels is None else self.labels[index],
        )
