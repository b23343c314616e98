"""SAELens reads the same weights; it is optional, since it pins other versions of shared packages."""

import pytest
import torch
from scopesift_features.sae_files import SAEConfig, read_safetensors, write_safetensors

saelens = pytest.importorskip(
    "sae_lens", reason="sae_lens is not installed: pip install sae-lens, in an environment of its own"
)


def test_saelens_gives_the_same_activations_from_the_converted_weights(random_saes, tmp_path):
    (sae,) = random_saes(layers=[1])
    SAEConfig("tiny", d_model=32, d_sae=128, k=8, num_layers=4).write(tmp_path)
    path = write_safetensors(sae, tmp_path)
    ours = read_safetensors(path, SAEConfig("tiny", 32, 128, 8, 4), decoder=True, dtype=torch.float32)
    theirs = saelens.TopKSAE(
        saelens.TopKSAEConfig(
            d_in=32, d_sae=128, k=8, apply_b_dec_to_input=False, dtype="float32", device="cpu"
        )
    )
    with torch.no_grad():
        theirs.W_enc.copy_(ours.W_enc_FD.T)
        theirs.b_enc.copy_(ours.b_enc_F)
        theirs.W_dec.copy_(ours.W_dec_DF.T)
        theirs.b_dec.copy_(ours.b_dec_D)
    x_TD = torch.randn(64, 32, generator=torch.Generator().manual_seed(5))
    top = ours.encode(x_TD)
    acts_TF = torch.zeros(64, 128).scatter_(1, top.indices_TK, top.values_TK)
    torch.testing.assert_close(acts_TF, theirs.encode(x_TD).detach(), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(ours.decode(top), theirs.decode(acts_TF).detach(), rtol=1e-5, atol=1e-5)
