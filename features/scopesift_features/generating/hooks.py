"""Forward hooks that change features in the residual stream while the model runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from scopesift_files.errors import ScopeError, UsageError
from torch import Tensor, nn

from scopesift_features.generating.intervention import Intervention
from scopesift_features.generating.phases import EVERY, GENERATED, PROMPT, check_phase
from scopesift_features.sae.autoencoder import SparseAutoencoder
from scopesift_features.scope import Scope


@dataclass(frozen=True, eq=False)
class LayerChange:
    """The changes of one layer's features.

    Attributes:
        sae: the layer's SAE, with its decoder.
        indices_S: the features, int64.
        amounts_S: amount of each, float32; 0 where it is suppressed.
        reads_S: where the change is relative to the present activation, bool.
        directions_SD: decoder columns, float32.
    """

    sae: SparseAutoencoder
    indices_S: Tensor
    amounts_S: Tensor
    reads_S: Tensor
    directions_SD: Tensor

    @classmethod
    def of(cls, sae: SparseAutoencoder, interventions: Sequence[Intervention]) -> LayerChange:
        """Gather a layer's interventions.

        Raises:
            ScopeError: the SAE has no decoder.
            UsageError: a feature that it doesn't have, or two changes of one feature.
        """
        if sae.W_dec_DF is None:
            raise ScopeError(
                f"the SAE of layer {sae.layer} has no decoder: its features have no direction to steer by"
            )
        indices = [one.feature for one in interventions]
        wrong = [index for index in indices if index >= sae.d_sae]
        if wrong:
            raise UsageError(
                f"layer {sae.layer} has no feature {wrong[0]}; its features are 0 to {sae.d_sae - 1}"
            )
        twice = [index for index in indices if indices.count(index) > 1]
        if twice:
            raise UsageError(f"feature {sae.layer}:{twice[0]} is changed twice; give one change a feature")
        device = sae.W_enc_FD.device
        indices_S = torch.tensor(indices, device=device)
        return cls(
            sae,
            indices_S,
            torch.tensor([one.amount for one in interventions], dtype=torch.float32, device=device),
            torch.tensor([one.reads_activation for one in interventions], device=device),
            sae.W_dec_DF[:, indices_S].T.float(),
        )

    @property
    def is_nothing(self) -> bool:
        """Whether it adds 0 to every token."""
        return not bool(self.reads_S.any()) and not bool(self.amounts_S.any())

    def on(self, x_TD: Tensor) -> Tensor:
        """What is added to residuals.

        Args:
            x_TD: residuals after the layer.

        Returns:
            float32 `[T, D]`.
        """
        change_TS = self.amounts_S.expand(len(x_TD), -1)
        if bool(self.reads_S.any()):
            each_T = torch.arange(len(x_TD), device=x_TD.device)  # every token is its own document
            floors_S = torch.zeros(len(self.indices_S), device=x_TD.device)
            acts_TS = self.sae.encode_selected(x_TD, self.indices_S, floors_S, each_T, len(x_TD)).maxima_NS
            change_TS = change_TS - acts_TS * self.reads_S
        return change_TS @ self.directions_SD


@contextmanager
def steered(
    model: nn.Module,
    blocks: nn.ModuleList,
    changes: Sequence[LayerChange],
    *,
    phase: str = EVERY,
    prompt_tokens: int | None = None,
    cached: bool = True,
) -> Iterator[None]:
    """Change features in every forward pass of a model.

    Args:
        model: the whole model; its passes are counted to tell prompt and generated tokens apart.
        blocks: its blocks.
        changes: at most one a layer.
        phase: "every" token, those of the "prompt" only, or the "generated" ones only.
        prompt_tokens: tokens of the prompt, padding included; needed unless the phase is "every".
        cached: whether a pass gets the new tokens only (with a key-value cache), or all of them.

    Raises:
        UsageError: an unknown phase.
    """
    check_phase(phase)
    before, here = 0, 0  # tokens of earlier passes, and of the present one

    def begin(_module: nn.Module, inputs: Any, named: dict[str, Any]) -> None:
        nonlocal here
        x_BTD = inputs[0] if inputs else named["hidden_states"]
        here = x_BTD.shape[1]

    def end(_module: nn.Module, _inputs: Any, _output: Any) -> None:
        nonlocal before
        if cached:
            before += here

    def changing(change: LayerChange) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> Any:
            x_BTD = output[0] if isinstance(output, tuple) else output
            chosen_T = torch.arange(before, before + x_BTD.shape[1], device=x_BTD.device)
            if phase == PROMPT:
                chosen_T = chosen_T < (prompt_tokens or 0)
            elif phase == GENERATED:
                chosen_T = chosen_T >= (prompt_tokens or 0)
            else:
                chosen_T = torch.ones_like(chosen_T, dtype=torch.bool)
            if not bool(chosen_T.any()):
                return output
            part = x_BTD[:, chosen_T]
            flat = change.on(part.flatten(0, 1)).to(x_BTD.dtype).view_as(part)
            changed = x_BTD.clone()
            changed[:, chosen_T] = part + flat
            return (changed, *output[1:]) if isinstance(output, tuple) else changed

        return hook

    handles = [
        blocks[change.sae.layer].register_forward_hook(changing(change))
        for change in changes
        if not change.is_nothing
    ]
    # not from the model's output: while generating it has the last token's logits only
    handles.append(blocks[0].register_forward_pre_hook(begin, with_kwargs=True))
    handles.append(model.register_forward_hook(end))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def gather(scope: Scope, interventions: Sequence[Intervention]) -> list[LayerChange]:
    """Interventions by layer.

    Args:
        scope: its SAEs.
        interventions: of any layers.

    Raises:
        ScopeError: a layer that the scope does not have.
        UsageError: as `LayerChange.of`.
    """
    layers = sorted({one.layer for one in interventions})
    return [
        LayerChange.of(scope.sae(layer, decoder=True), [one for one in interventions if one.layer == layer])
        for layer in layers
    ]
