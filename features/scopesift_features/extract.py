"""The residual stream of many windows, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scopesift_files.errors import UsageError
from torch import Tensor

from scopesift_features.batches import Batch, make_batches
from scopesift_features.windows import Window

if TYPE_CHECKING:
    from scopesift_features.reader import Reader

CPU_BATCH_TOKENS = 4096
ACCELERATOR_BATCH_TOKENS = 16384


@dataclass(frozen=True, slots=True, eq=False)
class ResidualBatch:
    """The kept tokens of some windows.

    Attributes:
        resid_TD: layer -> `[T, d_model]` in the backbone's dtype, on the reader's `sae_device`.
        windows: the batch's windows.
        window_T: index into `windows`, int64, non-decreasing.
        position_T: index of the token inside its window, int64.
    """

    resid_TD: dict[int, Tensor]
    windows: list[Window]
    window_T: Tensor
    position_T: Tensor


def stream_residuals(
    reader: Reader,
    windows: Sequence[Window],
    layers: Sequence[int],
    *,
    max_tokens: int | None = None,
    on_batch: Callable[[Batch], None] | None = None,
) -> Iterator[ResidualBatch]:
    """Run the backbone over windows, no further than the deepest layer.

    Args:
        reader: the backbone's home.
        windows: from `make_windows`; those without a kept token are left out.
        layers: layers whose residual is wanted.
        max_tokens: most tokens of a batch, padding included; None: by device.
        on_batch: called after each batch, for progress.

    Yields:
        Every kept token once, longest windows first.

    Raises:
        UsageError: no layer asked for.
        ScopeError: a layer that the backbone does not have.
    """
    if not layers:
        raise UsageError("no layer was asked for; name at least one")
    if max_tokens is None:
        max_tokens = CPU_BATCH_TOKENS if reader.device == "cpu" else ACCELERATOR_BATCH_TOKENS
    kept = [window for window in windows if window.keep.any()]
    if not kept:
        return
    backbone = reader.backbone(max(layers))
    for batch in make_batches(kept, max_tokens):
        resid_BTD = backbone.residuals(batch.ids_BT, batch.mask_BT, layers)
        window_T, position_T = batch.keep_BT.nonzero(as_tuple=True)
        yield ResidualBatch(
            resid_TD={
                layer: x_BTD[window_T.to(x_BTD.device), position_T.to(x_BTD.device)].to(reader.sae_device)
                for layer, x_BTD in resid_BTD.items()
            },
            windows=batch.windows,
            window_T=window_T,
            position_T=position_T,
        )
        if on_batch is not None:
            on_batch(batch)
