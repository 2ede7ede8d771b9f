"""Training with whole modalities taken away at random."""

from dataclasses import replace

import torch

from .batch import Batch

__all__ = ["drop_modalities"]


def drop_modalities(batch: Batch, rate: float) -> Batch:
    """Make each modality of each sample absent with a probability; one that was there always stays.

    Every modality draws a number between 0 and 1 and goes if it is below `rate`. Of a sample that would lose
    all, the one with the largest number stays, so that each is equally likely to. Draws from torch's
    global generator: call it within `seeded`.

    Parameters
    ----------
    batch : Batch
        It is not changed.
    rate : float
        Between 0, which changes nothing and draws nothing, and 1, which leaves one modality of each sample.

    Returns
    -------
    Batch
        Values of 0 where a modality is now absent.

    References
    ----------
    Neverova, Wolf, Taylor, Nebout (2016). ModDrop: adaptive multi-modal gesture recognition. IEEE TPAMI
    38(8). arXiv:1501.00102. There a sample may lose all of its modalities.

    Examples
    --------
    >>> batch = Batch({"a": torch.ones(2, 3), "b": torch.ones(2, 1)}, {}, torch.ones(2, 2, dtype=torch.bool))
    >>> drop_modalities(batch, rate=1.0).present.sum(dim=1)
    tensor([1, 1])
    """
    if rate == 0:
        return batch
    draws = torch.rand(batch.present.shape, device=batch.present.device).masked_fill(~batch.present, -1.0)
    largest = draws == draws.max(dim=1, keepdim=True).values
    present = batch.present & ((draws >= rate) | largest)
    values = {
        name: x.masked_fill(~kept.view(-1, *[1] * (x.ndim - 1)), 0.0)
        for (name, x), kept in zip(batch.values.items(), present.unbind(dim=1), strict=True)
    }
    return replace(batch, values=values, present=present)
