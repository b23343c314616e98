from dataclasses import replace

import pytest
import torch


def test_encoding_does_not_subtract_the_decoder_bias(random_saes):
    (sae,) = random_saes(layers=[0])
    x_TD = torch.randn(5, sae.d_model)
    pre_TF = x_TD @ sae.W_enc_FD.T + sae.b_enc_F
    top = sae.encode(x_TD)
    expected = pre_TF.sort(dim=1, descending=True, stable=True)
    assert torch.equal(top.indices_TK, expected.indices[:, : sae.k])
    torch.testing.assert_close(top.values_TK, expected.values[:, : sae.k].relu())


def test_decoding_adds_feature_columns_and_the_bias(random_saes):
    (sae,) = random_saes(layers=[0])
    top = sae.encode(torch.randn(3, sae.d_model))
    acts_TF = torch.zeros(3, sae.d_sae).scatter_(1, top.indices_TK, top.values_TK)
    torch.testing.assert_close(sae.decode(top.active()), acts_TF @ sae.W_dec_DF.T + sae.b_dec_D)


def test_fvu_is_one_for_a_decoder_that_says_the_mean(random_saes):
    (sae,) = random_saes(layers=[0])
    x_TD = torch.randn(200, sae.d_model)
    sae.W_dec_DF.zero_()
    sae.b_dec_D.copy_(x_TD.mean(dim=0))
    assert abs(sae.fvu(x_TD) - 1) < 1e-5


def test_fvu_is_zero_for_a_perfect_reconstruction(random_saes):
    (sae,) = random_saes(layers=[0], d_model=8, d_sae=16, k=16)
    eye = torch.eye(8)
    sae.W_enc_FD.copy_(torch.cat([eye, -eye]))
    sae.W_dec_DF.copy_(torch.cat([eye, -eye]).T)
    sae.b_enc_F.zero_()
    sae.b_dec_D.zero_()
    assert sae.fvu(torch.randn(50, 8)) < 1e-10


@pytest.mark.parametrize(
    ("weights", "residual", "given"),
    [
        (torch.float32, torch.bfloat16, torch.bfloat16),
        (torch.float32, torch.float32, torch.float32),
        (torch.bfloat16, torch.float32, torch.bfloat16),
        (torch.bfloat16, torch.float16, torch.bfloat16),
    ],
)
def test_a_residual_is_rounded_to_the_encoders_dtype_and_never_widened(random_saes, weights, residual, given):
    sae = random_saes()[0]
    sae = replace(sae, W_enc_FD=sae.W_enc_FD.to(weights))
    x_TD = torch.randn(3, sae.d_model).to(residual)
    assert sae.rounded(x_TD).dtype == given
    rounded, wide = sae.encode(x_TD), sae.encode(x_TD.to(weights).float())
    assert torch.equal(rounded.indices_TK, wide.indices_TK)
    assert torch.equal(rounded.values_TK, wide.values_TK)
