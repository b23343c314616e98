"""Key names that publishers use for an SAE's sizes in config.json."""

from __future__ import annotations

from collections.abc import Mapping

# Qwen-Scope's key names are not documented; these are those of SAE libraries
_SPELLINGS = {
    "d_model": ("d_model", "d_in", "hidden_size", "activation_dim"),
    "d_sae": ("d_sae", "dict_size", "sae_width", "num_latents"),
    "k": ("k", "top_k", "l0"),
    "num_layers": ("num_layers", "n_layers", "num_hidden_layers"),
}


def spelled(content: Mapping[str, object], name: str) -> dict[str, object]:
    """All keys of a config.json that mean `name`, with their values, our own key first."""
    return {key: content[key] for key in _SPELLINGS.get(name, (name,)) if key in content}
