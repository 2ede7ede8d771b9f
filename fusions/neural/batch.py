"""What a network is given: tensors by modality, their lengths, and which are present."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from ...datasets.data import MultimodalData
from ...datasets.large import is_large

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
    streamed : bool
        Whether some values are on disk, being large: then only those that are selected go to the device, on
        which the rest is.

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
    streamed: bool = False

    @classmethod
    def of(cls, data: MultimodalData, device: str = "cpu") -> Self:
        """Make tensors on a device."""
        modalities = data.modalities.items()
        streamed = any(is_large(m.values) for m in data.modalities.values())
        place = "cpu" if streamed else device
        return cls(
            {name: torch.as_tensor(m.values, dtype=torch.float32, device=place) for name, m in modalities},
            {name: torch.tensor(m.lengths, device=device) for name, m in modalities if m.lengths is not None},
            torch.tensor(data.mask, device=device),
            None if data.y is None else torch.tensor(data.y, device=device),
            streamed,
        )

    def __len__(self) -> int:
        return len(self.present)

    def __getitem__(self, index: slice | Tensor) -> Self:
        """Select samples, which are streamed no more; a slice copies nothing but what goes to a device."""
        device = self.present.device

        def select(values: Tensor) -> Tensor:
            return values[index.to(values.device) if isinstance(index, Tensor) else index].to(device)

        return type(self)(
            {name: select(values) for name, values in self.values.items()},
            {name: select(lengths) for name, lengths in self.lengths.items()},
            select(self.present),
            None if self.labels is None else select(self.labels),
        )
