"""Checks of a scope on this machine against published values, for the first load of a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from scopesift_files.errors import UsageError
from torch import Tensor

from scopesift_features.catalogue.qwen_scope import QWEN_NORM_LIMIT
from scopesift_features.reading.batching.batches import CPU_BATCH_TOKENS, make_batches
from scopesift_features.reading.batching.windows import make_windows
from scopesift_features.reading.extreme_tokens import norms
from scopesift_features.scope import Scope

if TYPE_CHECKING:
    from scopesift_features.sae.autoencoder import SparseAutoencoder

TEXTS = (
    "The history of the bridge began in 1874, when the town council voted to replace the old "
    "ferry. Engineers from three countries sent their drawings, and the cheapest of them was "
    "chosen after a long quarrel.",
    "To make the dough, mix the flour with warm water, a little salt and a spoon of oil. Let it "
    "rest for an hour before you roll it out, and bake it in a very hot oven until the edges "
    "turn brown.",
    "Der Zug nach Hamburg hat heute leider zwanzig Minuten Verspätung. Wir bitten um "
    "Ihr Verständnis und weisen darauf hin, dass der Anschluss in Hannover nicht "
    "erreicht wird.",
    "La ministre a annoncé jeudi que les travaux commenceraient au printemps, à "
    "condition que le budget soit voté avant la fin de l'année.",
    "El equipo perdió el partido en los últimos minutos, pero la afición siguió "
    "cantando hasta que se apagaron las luces del estadio.",
    "Учёные обнаружили, что температура воды в озере за последние тридцать лет выросла почти на два градуса.",
    "研究人员发现，经常散步的老人记忆力更好，而且睡眠质量也明显提高。他们计划在明年扩大这项研究的规模。",
    "أعلنت الشركة عن خطة جديدة لتطوير الطاقة الشمسية في المناطق الريفية خلال السنوات الخمس القادمة.",
    "def mean(values):\n    total = 0.0\n    for value in values:\n        total += value\n    "
    "return total / len(values)",
    "I can't believe how rude that man was! He pushed past everybody in the queue and shouted at "
    "the poor girl behind the counter, who had done nothing wrong at all.",
)


@dataclass(frozen=True)
class LayerCheck:
    """Measurements of one layer on a few texts, over the tokens that count.

    Attributes:
        layer: the layer.
        tokens: number of tokens.
        fewest_active: smallest number of positive features in a token's top-k.
        k: the expected number.
        fvu: fraction of variance unexplained at the block's output; published values are between 0.2 and 0.7.
        fvu_before: the same on the block's input; must be worse, or the hook is off by one.
        extreme: positions in their windows of tokens with more than `limit` times the median norm; left out of the
            other measurements if the settings have a norm limit.
        limit: the settings' norm limit, or Qwen-Scope's.
    """

    layer: int
    tokens: int
    fewest_active: int
    k: int | None
    fvu: float
    fvu_before: float
    extreme: tuple[int, ...] = ()
    limit: float = QWEN_NORM_LIMIT

    @property
    def problems(self) -> list[str]:
        """Failed checks, one line each; empty if the layer passes."""
        found = []
        if self.k is not None and self.fewest_active != self.k:
            found.append(f"a token has {self.fewest_active} active features, expected exactly {self.k}")
        if not self.fvu < 1:
            found.append(
                f"FVU is {self.fvu:.3f}: the reconstruction is worse than the mean; wrong weights or b_dec"
            )
        if not self.fvu < self.fvu_before:
            found.append(
                f"FVU is {self.fvu:.3f} after the block but {self.fvu_before:.3f} before it: wrong hook point"
            )
        return found


def check(
    name_or_path: str | Path, *, layers: Sequence[int] | None = None, device: str | None = None
) -> list[LayerCheck]:
    """Run the checks of the Qwen-Scope reference on every layer that is on disk.

    Args:
        name_or_path: a scope's name or folder.
        layers: layers to check; None: all on disk.
        device: as `Scope.load`.

    Raises:
        UsageError: as `Scope.load`, or a layer that the backbone does not have.
        ScopeError: as `Scope.load`, or a layer that is not on disk. Failed checks are returned, not raised.
    """
    scope = Scope.load(name_or_path, device=device)
    chosen = scope.layers if layers is None else tuple(sorted(set(layers)))
    unknown = [layer for layer in chosen if not 0 <= layer < scope.n_layers]
    if unknown:
        raise UsageError(f"{scope.id} has no layer {unknown[0]}; its layers are 0 to {scope.n_layers - 1}")
    found = []
    for layer in reversed(chosen):  # deepest first, so that the backbone is loaded only once
        found.append(check_layer(scope, layer))
        scope.release(layer)  # a whole group may not fit in memory
    return found[::-1]


@torch.inference_mode()
def check_layer(scope: Scope, layer: int) -> LayerCheck:
    """Check one layer on a few hundred tokens of ten texts."""
    sae = scope.sae(layer, decoder=True)
    backbone = scope.backbone(layer)
    after: list[Tensor] = []
    before: list[Tensor] = []
    positions: list[Tensor] = []
    for batch in make_batches(make_windows(scope, TEXTS), CPU_BATCH_TOKENS):
        ids_BT, mask_BT, keep_BT = map(torch.from_numpy, (batch.ids_BT, batch.mask_BT, batch.keep_BT))
        positions.append(keep_BT.nonzero()[:, 1])
        for into, at_input in ((after, False), (before, True)):
            x_BTD = backbone.residuals(ids_BT, mask_BT, [layer], before=at_input)[layer]
            into.append(x_BTD[keep_BT.to(x_BTD.device)].to(sae.W_enc_FD.device))
    x_TD, before_TD = torch.cat(after), torch.cat(before)
    limit = scope.settings.norm_limit or QWEN_NORM_LIMIT
    norm_T = norms(x_TD)
    extreme_T = norm_T > limit * norm_T.median()
    if scope.settings.norm_limit is not None:
        x_TD, before_TD = x_TD[~extreme_T], before_TD[~extreme_T]
    return LayerCheck(
        layer=layer,
        tokens=len(norm_T),
        fewest_active=_fewest_active(sae, x_TD),
        k=scope.k,
        fvu=sae.fvu(x_TD),
        fvu_before=sae.fvu(before_TD),
        extreme=tuple(torch.cat(positions)[extreme_T.cpu()].tolist()),
        limit=limit,
    )


def _fewest_active(sae: SparseAutoencoder, x_TD: Tensor) -> int:
    return int(sae.active(x_TD).counts_T.min())
