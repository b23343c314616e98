import os
import subprocess
import sys

import pytest
from scopesift_features.pulling.pull import pull
from scopesift_features.scope import Scope
from scopesift_files.errors import ScopeError

NAME = "tiny-w0k-l0_8"

PULL = f"""
import scopesift_features.catalogue.table as table
entry = table.CatalogueEntry("{NAME}", "Tiny/Tiny-Base", "Tiny/SAE-Res-Tiny-W0K-L0_8", 32, 4, 128, 8)
table.catalogue = lambda: {{entry.id: entry}}
from scopesift_features.pulling.pull import pull
print(pull(entry.id, layers=[1]))
"""


def test_endpoint_home_and_token_come_from_the_environment(hub, tmp_path):
    hub.token = "hf_secret"
    environment = {
        **os.environ,
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(tmp_path / "h"),
        "HF_TOKEN": hub.token,
    }
    done = subprocess.run(
        [sys.executable, "-c", PULL], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "h" / "scopesift" / NAME
    assert done.stdout.strip() == str(folder)
    assert Scope.load(folder, device="cpu").layers == (1,)


def test_a_group_behind_a_licence_needs_a_token(at_hub, hub, monkeypatch):
    hub.token = "hf_secret"
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with pytest.raises(ScopeError, match=r"licence to be accepted.*HF_TOKEN"):
        pull(NAME, layers=[0])
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert pull(NAME, layers=[0]) == at_hub


def test_offline_what_is_here_works_and_the_rest_says_why_not(at_hub, hub, monkeypatch):
    from huggingface_hub import constants

    pull(NAME, layers=[0])
    sent = dict(hub.sent)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert pull(NAME, layers=[0]) == at_hub
    assert Scope.load(NAME, device="cpu").sae(0).layer == 0
    with pytest.raises(ScopeError, match=r"layer1\.sae\.pt is not in the cache and HF_HUB_OFFLINE"):
        pull(NAME, layers=[1])
    assert hub.sent == sent


def test_a_home_that_cannot_be_written_is_one_clear_error(at_hub, tmp_path, monkeypatch):
    from huggingface_hub import constants

    (tmp_path / "file").write_text("")
    monkeypatch.setattr(constants, "HF_HOME", str(tmp_path / "file"))
    with pytest.raises(
        ScopeError, match=r"cannot write to .*Not a directory; choose another place with HF_HOME"
    ):
        pull(NAME, layers=[0])


def test_a_cache_that_cannot_be_written_is_one_clear_error(at_hub, tmp_path, monkeypatch):
    from huggingface_hub import constants

    (tmp_path / "file").write_text("")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "file" / "hub"))
    with pytest.raises(ScopeError, match=r"cannot be written to this disk: Not a directory .*HF_HOME"):
        pull(NAME, layers=[0])
    assert not (at_hub / "scope.json").exists()
