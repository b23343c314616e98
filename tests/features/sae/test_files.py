import pickle

import pytest
import torch
from safetensors.torch import load_file, save_file
from scopesift_features.sae.config import SAEConfig, find_layers, layer_of, read_config
from scopesift_features.sae.files import read_pickle, read_safetensors, write_safetensors
from scopesift_files.errors import ScopeError

CONFIG = SAEConfig(base_model="b", d_model=8, d_sae=24, k=3, num_layers=4)


@pytest.fixture
def tensors():
    torch.manual_seed(0)
    return {name: torch.randn(shape) for name, shape in CONFIG.shapes().items()}


@pytest.fixture
def read(tmp_path):
    def read(content, suffix, *, decoder=True):
        path = tmp_path / f"layer2.sae.{suffix}"
        if suffix == "pt":
            torch.save(content, path)
            return read_pickle(path, CONFIG)
        save_file(content, path)
        return read_safetensors(path, CONFIG, decoder=decoder, dtype=torch.float32)

    return read


@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
def test_what_is_written_is_read(read, tensors, suffix):
    sae = read(tensors, suffix)
    assert (sae.layer, sae.k, sae.d_model, sae.d_sae) == (2, 3, 8, 24)
    for ours, key in (
        (sae.W_enc_FD, "W_enc"),
        (sae.b_enc_F, "b_enc"),
        (sae.W_dec_DF, "W_dec"),
        (sae.b_dec_D, "b_dec"),
    ):
        assert torch.equal(ours, tensors[key])


def test_a_pickle_becomes_safetensors_bit_for_bit(read, tensors, tmp_path):
    path = write_safetensors(read(tensors, "pt"), tmp_path / "out")
    assert path.name == "layer2.sae.safetensors"
    converted = load_file(path)
    assert set(converted) == set(tensors)
    assert all(torch.equal(converted[key], tensors[key]) for key in tensors)


def test_the_decoder_is_not_read_for_classification(read, tensors):
    tensors["W_dec"][0, 0] = float("nan")  # would be refused if it were read
    sae = read(tensors, "safetensors", decoder=False)
    assert sae.W_dec_DF is None
    with pytest.raises(ScopeError, match="without its decoder"):
        sae.decode(sae.active(torch.randn(2, 8)))


@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda t: t.pop("b_dec"), "expected exactly W_enc, b_enc, W_dec, b_dec"),
        (lambda t: t.update(threshold=torch.zeros(24)), "expected exactly"),
        (
            lambda t: t.update(W_enc=t["W_enc"].T.contiguous()),
            r"W_enc has shape \(8, 24\), expected \(24, 8\)",
        ),
        (lambda t: t["W_enc"].__setitem__((3, 3), float("nan")), "W_enc holds NaN"),
        (lambda t: t["b_enc"].__setitem__(3, float("inf")), "b_enc holds NaN or infinite"),
        (lambda t: t.update(b_enc=torch.zeros(24, dtype=torch.int64)), "expected floating-point"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(read, tensors, suffix, damage, message):
    damage(tensors)
    with pytest.raises(ScopeError, match=message) as error:
        read(tensors, suffix)
    assert "\n" not in str(error.value)
    assert f"layer2.sae.{suffix}" in str(error.value)


def test_code_in_a_pickle_is_never_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "trapped"), "w"))

    path = tmp_path / "layer0.sae.pt"
    for save in (lambda: torch.save({"W_enc": Trap()}, path), lambda: path.write_bytes(pickle.dumps(Trap()))):
        save()
        with pytest.raises(ScopeError, match="not a plain dictionary of tensors"):
            read_pickle(path, CONFIG)
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
def test_a_file_cut_short_is_refused(read, tensors, tmp_path, suffix):
    read(tensors, suffix)
    path = tmp_path / f"layer2.sae.{suffix}"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ScopeError, match=r"truncated|not a readable"):
        read_pickle(path, CONFIG) if suffix == "pt" else read_safetensors(
            path, CONFIG, decoder=False, dtype=torch.float32
        )


def test_the_layer_comes_from_the_name(tmp_path):
    assert layer_of(tmp_path / "layer13.sae.pt") == 13
    for name in ("layer.sae.pt", "layer1.pt", "xlayer1.sae.pt", "layer1.sae.pt.part"):
        with pytest.raises(ScopeError, match="not named like an SAE file"):
            layer_of(tmp_path / name)


def test_a_layer_past_the_backbone_is_refused(tmp_path):
    with pytest.raises(ScopeError, match="layer 4 does not exist; the backbone has layers 0 to 3"):
        read_pickle(tmp_path / "layer4.sae.pt", CONFIG)


def test_layers_are_found_in_numeric_order(tmp_path):
    for name in (
        "layer10.sae.safetensors",
        "layer2.sae.safetensors",
        "layer3.sae.pt",
        ".layer1.sae.safetensors.x.part",
    ):
        (tmp_path / name).touch()
    assert find_layers(tmp_path) == (2, 10)
    assert find_layers(tmp_path, "pt") == (3,)


def test_values_too_large_for_the_storage_type_are_refused_and_leave_nothing(random_saes, tmp_path):
    (sae,) = random_saes(layers=[0])
    sae.b_enc_F[0] = 1e30
    with pytest.raises(ScopeError, match="infinite"):
        write_safetensors(sae, tmp_path, dtype=torch.float16)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_clear_error_and_the_old_file_stays(random_saes, tmp_path, monkeypatch):
    (sae,) = random_saes(layers=[0])
    path = write_safetensors(sae, tmp_path)
    before = path.read_bytes()

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("scopesift_features.tensor_file.save_file", full)
    with pytest.raises(ScopeError, match=r"cannot write .*layer0\.sae\.safetensors: No space left"):
        write_safetensors(sae, tmp_path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "jumprelu"}, "model_type is 'jumprelu'"),
        ({"hook_point": "mlp_out"}, "hook_point is 'mlp_out'"),
        ({"k": "50"}, "k should be a positive whole number"),
        ({"k": 100}, "k is 100, more than the 24 features"),
        ({"d_model": 0}, "d_model should be a positive whole number"),
    ],
)
def test_a_wrong_config_is_refused(tmp_path, change, message):
    import json

    CONFIG.write(tmp_path)
    assert read_config(tmp_path) == CONFIG
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ScopeError, match=message):
        read_config(tmp_path)
