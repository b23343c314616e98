"""How publishers spell an SAE's sizes in its config.json."""

from __future__ import annotations

from collections.abc import Mapping

# Qwen-Scope's own spelling is not documented; these are the ones that SAE libraries use
_SPELLINGS = {
    "d_model": ("d_model", "d_in", "hidden_size", "activation_dim"),
    "d_sae": ("d_sae", "dict_size", "sae_width", "num_latents"),
    "k": ("k", "top_k", "l0"),
    "num_layers": ("num_layers", "n_layers", "num_hidden_layers"),
}


def spelled(content: Mapping[str, object], name: str) -> dict[str, object]:
    """Every key of a config.json that stands for `name`, with its value, our own spelling first."""
    return {key: content[key] for key in _SPELLINGS.get(name, (name,)) if key in content}
