"""JumpReLU, BatchTopK and ReLU SAEs, and their files."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from scopesift_features.sae.config import THRESHOLD_SHAPES, SAEConfig, read_config
from scopesift_features.sae.files import read_safetensors, write_safetensors
from scopesift_features.sae.kinds import KINDS
from scopesift_features.sae.threshold import BatchTopKSAE, JumpReLUSAE, ReLUSAE
from scopesift_features.sae.topk import TopKSAE
from scopesift_files.errors import ScopeError

D_MODEL, D_SAE = 8, 24
THRESHOLDS = {"jumprelu_sae": torch.linspace(0, 1, D_SAE), "batchtopk_sae": torch.tensor([0.5])}


def make(kind, *, decoder=True, layer=1):
    g = torch.Generator().manual_seed(3)
    W_enc, b_enc = torch.randn(D_SAE, D_MODEL, generator=g), torch.randn(D_SAE, generator=g)
    W_dec, b_dec = torch.randn(D_MODEL, D_SAE, generator=g), torch.randn(D_MODEL, generator=g)
    more = [THRESHOLDS[kind.model_type]] if kind.model_type in THRESHOLDS else []
    more = [5] if kind is TopKSAE else more
    return kind(W_enc, b_enc, *((W_dec, b_dec) if decoder else (None, None)), layer, *more)


def config_of(sae):
    return SAEConfig("b", D_MODEL, D_SAE, sae.membership().get("k"), 4, sae.model_type)


@pytest.fixture(params=[JumpReLUSAE, BatchTopKSAE, ReLUSAE], ids=lambda kind: kind.__name__)
def sae(request):
    return make(request.param)


@pytest.fixture
def x_TD():
    return torch.randn(40, D_MODEL, generator=torch.Generator().manual_seed(5))


def dense(active):
    acts_TF = torch.zeros(active.counts_T.numel(), D_SAE)
    acts_TF[active.tokens_E, active.indices_E] = active.values_E
    return acts_TF


def test_activations_are_the_pre_activations_above_the_threshold(sae, x_TD):
    pre_TF = x_TD @ sae.W_enc_FD.T + sae.b_enc_F
    threshold = THRESHOLDS.get(sae.model_type, torch.zeros(1))
    acts_TF = dense(sae.active(x_TD))
    torch.testing.assert_close(acts_TF, pre_TF * (pre_TF > threshold))
    assert 0 < (acts_TF > 0).float().mean() < 1


def test_decoding_is_the_dense_product(sae, x_TD):
    active = sae.active(x_TD)
    torch.testing.assert_close(sae.decode(active), dense(active) @ sae.W_dec_DF.T + sae.b_dec_D)
    assert sae.decode(sae.active(x_TD[:0])).shape == (0, D_MODEL)


def test_selected_maxima_are_the_largest_activations_of_each_document(sae, x_TD):
    documents_T = torch.arange(40) // 10
    features_S = torch.tensor([3, 0, 23])
    got = sae.encode_selected(x_TD, features_S, torch.zeros(3), documents_T, 4)
    right = dense(sae.active(x_TD)).view(4, 10, D_SAE).amax(dim=1)[:, features_S]
    torch.testing.assert_close(got.maxima_NS, right)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_every_kind_is_read_as_it_was_written_and_a_threshold_is_never_rounded(tmp_path, kind, dtype, x_TD):
    sae = make(kind)
    config = config_of(sae)
    config.write(tmp_path)
    assert read_config(tmp_path) == config
    path = write_safetensors(sae, tmp_path, dtype=dtype)
    read = read_safetensors(path, read_config(tmp_path), decoder=True, dtype=dtype)
    assert type(read) is kind
    assert read.W_enc_FD.dtype == dtype
    for name, value in sae.membership().items():
        found = read.membership()[name]
        assert torch.equal(found, value) if isinstance(value, torch.Tensor) else found == value
    if dtype == torch.float32:
        assert torch.equal(dense(read.active(x_TD)), dense(sae.active(x_TD)))
    assert read_safetensors(path, config, decoder=False, dtype=dtype).W_dec_DF is None


def test_an_encoder_that_was_published_alone_is_read_and_reconstructs_nothing(tmp_path, x_TD):
    sae = make(TopKSAE, decoder=False)
    path = write_safetensors(sae, tmp_path, encoder_only=True)
    assert set(load_file(path)) == {"W_enc", "b_enc"}
    read = read_safetensors(path, config_of(sae), decoder=False, dtype=torch.float32)
    assert torch.equal(dense(read.active(x_TD)), dense(sae.active(x_TD)))
    with pytest.raises(ScopeError, match="published without a decoder"):
        read_safetensors(path, config_of(sae), decoder=True, dtype=torch.float32)


def test_a_decoder_is_never_lost_in_writing(tmp_path):
    with pytest.raises(ScopeError, match="has no decoder"):
        write_safetensors(make(ReLUSAE, decoder=False), tmp_path)
    with pytest.raises(ScopeError, match="has a decoder; write it too"):
        write_safetensors(make(ReLUSAE), tmp_path, encoder_only=True)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda tensors: tensors.pop("threshold"), "expected exactly W_enc, b_enc, W_dec, b_dec, threshold"),
        (lambda tensors: tensors.update(threshold=torch.zeros(3)), r"threshold has shape \(3,\)"),
        (lambda tensors: tensors.update(threshold=torch.full((D_SAE,), -1.0)), "values below 0"),
        (lambda tensors: tensors.update(threshold=torch.full((D_SAE,), float("nan"))), "NaN"),
        (lambda tensors: tensors.pop("W_dec"), "expected exactly"),
    ],
)
def test_a_damaged_file_gets_one_line(tmp_path, damage, message):
    sae = make(JumpReLUSAE)
    path = write_safetensors(sae, tmp_path)
    tensors = load_file(path)
    damage(tensors)
    save_file(tensors, path)
    with pytest.raises(ScopeError, match=message) as caught:
        read_safetensors(path, config_of(sae), decoder=True, dtype=torch.float32)
    assert "\n" not in str(caught.value)


def test_a_file_of_one_kind_is_refused_as_another(tmp_path):
    sae = make(JumpReLUSAE)
    path = write_safetensors(sae, tmp_path)
    with pytest.raises(ScopeError, match="expected exactly W_enc, b_enc, W_dec, b_dec"):
        read_safetensors(path, config_of(make(TopKSAE)), decoder=True, dtype=torch.float32)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "gated_sae"}, "model_type is 'gated_sae', only 'topk_sae' or 'jumprelu_sae'"),
        ({"k": 5}, "k is for topk_sae, not for jumprelu_sae"),
        ({"model_type": "topk_sae"}, "k should be a positive whole number"),
    ],
)
def test_a_config_that_contradicts_its_kind_is_refused(tmp_path, changes, message):
    import json

    config_of(make(JumpReLUSAE)).write(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(ScopeError, match=message):
        read_config(tmp_path)


def test_the_configuration_knows_the_kinds_that_there_are():
    assert list(THRESHOLD_SHAPES) == list(KINDS)
