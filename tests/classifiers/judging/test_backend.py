"""What reads texts: torch or ONNX Runtime, and what is refused."""

import pytest
from scopesift_classifiers.judging import backend as backends
from scopesift_classifiers.judging.backend import Backend, choose_backend
from scopesift_classifiers.onnx.encoders import choose_encoder
from scopesift_files.errors import UsageError


@pytest.fixture
def exact(monkeypatch):
    monkeypatch.setattr(backends, "is_readable", lambda scope, layers: True)


def test_onnx_runtime_is_used_by_itself_where_it_is_exact(tiny_scope, exact):
    assert choose_backend(tiny_scope, [0]) == Backend("onnx")


def test_torch_is_used_elsewhere(tiny_scope):
    assert choose_backend(tiny_scope, [0]) == Backend("torch")


def test_an_encoder_means_the_backend_torch(tiny_scope, exact):
    encoder = choose_encoder("torch", "cpu")
    assert choose_backend(tiny_scope, [0], None, encoder) == Backend("torch", encoder)


def test_what_was_chosen_is_chosen_again(tiny_scope, exact):
    for asked in (Backend("onnx"), Backend("torch"), Backend("torch", choose_encoder("torch", "cpu"))):
        assert choose_backend(tiny_scope, [0], asked.name, asked.encoder) == asked


@pytest.mark.parametrize(
    ("asked", "head", "told"),
    [
        ("tensorflow", None, "torch, onnx"),
        ("onnx", "torch", "leave one of them out"),
        ("onnx", None, "use the backend torch"),
    ],
)
def test_what_cannot_be_is_refused(tiny_scope, asked, head, told):
    with pytest.raises(UsageError, match=told):
        choose_backend(tiny_scope, [0], asked, choose_encoder(head, "cpu"))


def test_without_torch_its_backend_says_what_to_install(tiny_scope, monkeypatch):
    monkeypatch.setattr("scopesift_features.torch_package.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'scopesift\[torch\]'"):
        choose_backend(tiny_scope, [0])
