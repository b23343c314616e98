"""The logit lens of features: which tokens a feature's direction makes likelier.

Source: nostalgebraist's logit lens, applied to decoder columns: `W_U @ d`, without the final norm.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch

from scopesift_features.generating.language_model import LanguageModel


def likelier_tokens(
    model: LanguageModel, features: Iterable[tuple[int, int]], top: int
) -> dict[tuple[int, int], list[str]]:
    """The tokens with the largest logit effect of each feature, the largest first.

    Args:
        model: the model, and its scope's SAEs with their decoders.
        features: (layer, index) of each.
        top: tokens a feature.

    Raises:
        ScopeError: an SAE without a decoder.
    """
    W_VD = model.model.get_output_embeddings().weight
    found: dict[tuple[int, int], list[str]] = {}
    with torch.inference_mode():
        for layer, index in sorted(set(features)):
            W_dec_DF = model.scope.sae(layer, decoder=True).W_dec_DF
            if W_dec_DF is None:  # refused by `Scope.sae`
                continue
            effect_V = W_VD.float() @ W_dec_DF[:, index].float().to(W_VD.device)
            found[layer, index] = [
                model.scope.tokenizer.decode([id_]) for id_ in effect_V.topk(top).indices.tolist()
            ]
    return found
