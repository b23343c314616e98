import pytest
import torch
from scopesift_features.checks.scope import TEXTS, check
from scopesift_features.reading.batching.batches import make_batches
from scopesift_features.reading.batching.windows import make_windows
from scopesift_features.sae.config import SAEConfig
from scopesift_features.sae.files import write_safetensors
from scopesift_features.sae.topk import TopKSAE
from scopesift_features.scope import Scope

RANK = 12


def residuals(scope, layer, before):
    """Residuals of the check's texts without first tokens, by hand."""
    found = []
    for batch in make_batches(make_windows(scope, TEXTS), 4096):
        ids_BT, mask_BT = torch.from_numpy(batch.ids_BT), torch.from_numpy(batch.mask_BT)
        use_BT = mask_BT.bool()
        use_BT[:, 0] = False
        found.append(scope.backbone(layer).residuals(ids_BT, mask_BT, [layer], before=before)[layer][use_BT])
    return torch.cat(found)


def principal_sae(x_TD, layer):
    """An SAE that knows the main directions of x: a pair of features for each, of which one is always active."""
    mean_D = x_TD.mean(dim=0)
    _, _, V_DR = torch.pca_lowrank(x_TD - mean_D, q=RANK, center=False)
    W_FD = torch.cat([V_DR.T, -V_DR.T])
    return TopKSAE(W_FD, -W_FD @ mean_D, W_FD.T.contiguous(), mean_D, k=RANK, layer=layer)


@pytest.fixture
def checked(copy_of_tiny_scope):
    """Give layer 2 an SAE that was fitted on its residual, changed by `change`, and check it."""

    def checked(change=lambda sae: sae, *, fitted_before=False):
        folder = copy_of_tiny_scope / "sae"
        sae = change(principal_sae(residuals(Scope.load(copy_of_tiny_scope), 2, fitted_before), 2))
        for path in folder.glob("layer*"):
            path.unlink()
        SAEConfig("tiny", d_model=32, d_sae=2 * RANK, k=RANK, num_layers=4).write(folder)
        write_safetensors(sae, folder)
        (result,) = check(copy_of_tiny_scope)
        return result

    return checked


def test_a_good_sae_passes(checked):
    result = checked()
    assert result.problems == []
    assert result.fewest_active == result.k == RANK
    assert result.fvu < result.fvu_before
    assert result.tokens > 300


def test_an_sae_of_another_place_in_the_stream_is_seen(checked):
    assert any("wrong hook point" in problem for problem in checked(fitted_before=True).problems)


def test_a_wrong_decoder_bias_is_seen(checked):
    def shift(sae):
        sae.b_dec_D.add_(30)
        return sae

    assert any("worse than the mean" in problem for problem in checked(shift).problems)


def test_tokens_with_too_few_active_features_are_seen(checked):
    def mute(sae):
        sae.b_enc_F.sub_(1000)
        return sae

    assert any("expected exactly 12" in problem for problem in checked(mute).problems)


def test_the_check_leaves_out_what_stands_around_a_text(tiny_encoder_scope_folder, tiny_encoder_scope):
    kept = sum(int(window.keep.sum()) for window in make_windows(tiny_encoder_scope, TEXTS))
    assert check(tiny_encoder_scope_folder, layers=[1])[0].tokens == kept
