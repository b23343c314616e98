"""Random SAEs as other projects publish them."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

D_MODEL, D_SAE = 32, 96


@pytest.fixture
def x_TD():
    return torch.randn(50, D_MODEL, generator=torch.Generator().manual_seed(5))


@pytest.fixture
def weights():
    """Weights as SAELens orients them."""
    g = torch.Generator().manual_seed(1)
    shapes = {"W_enc": (D_MODEL, D_SAE), "b_enc": (D_SAE,), "W_dec": (D_SAE, D_MODEL), "b_dec": (D_MODEL,)}
    return {name: torch.randn(shape, generator=g) for name, shape in shapes.items()}


@pytest.fixture
def threshold():
    return torch.linspace(0, 8, D_SAE)


@pytest.fixture
def dense():
    """`dense(sae, x_TD)`: its activations as a matrix."""

    def dense(sae, x_TD):
        active = sae.active(x_TD)
        acts_TF = torch.zeros(len(x_TD), sae.d_sae)
        acts_TF[active.tokens_E, active.indices_E] = active.values_E
        return acts_TF

    return dense


@pytest.fixture
def saelens_folder(tmp_path):
    """`saelens_folder(config, tensors)`: a folder of SAELens."""

    def write(config, tensors, name="sae"):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        basis = {"architecture": "standard", "d_in": D_MODEL, "d_sae": D_SAE, "apply_b_dec_to_input": False}
        basis["metadata"] = {"hook_name": "blocks.2.hook_resid_post", "model_name": "tiny"}
        (folder / "cfg.json").write_text(json.dumps(basis | config))
        save_file(
            {name: value.contiguous() for name, value in tensors.items()}, folder / "sae_weights.safetensors"
        )
        return folder

    return write


@pytest.fixture
def gemma_file(tmp_path):
    """`gemma_file(place, tensors, config)`: a file of Gemma Scope at a place, by its suffix .npz or .safetensors."""

    def write(place, tensors, config=None):
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".npz":
            np.savez(path, **{name: value.numpy() for name, value in tensors.items()})
        else:
            save_file({name.lower(): value.contiguous() for name, value in tensors.items()}, path)
        if config is not None:
            (path.parent / "config.json").write_text(json.dumps(config))
        return path

    return write
