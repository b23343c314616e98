import json
from collections import Counter

import pytest
from scopesift_features.catalogue.qwen_scope import qwen_scope_entries
from scopesift_features.catalogue.table import catalogue, find_entry, locate
from scopesift_files.errors import ScopeError, UsageError


def test_the_table_holds_the_bundled_scopes_and_both_publishers_groups():
    assert [name for name, entry in catalogue().items() if entry.bundled] == ["e5", "nano", "smollm2"]
    assert list(catalogue())[:3] == ["e5", "nano", "smollm2"]
    publishers = Counter(entry.sae.split("/")[0] for entry in catalogue().values())
    assert publishers == {"scopesift": 3, "Qwen": 14, "google": 40}


@pytest.mark.parametrize(
    ("name", "backbone", "sae", "sizes"),
    [
        (
            "qwen3-1.7b-w32k-l0_50",
            "Qwen/Qwen3-1.7B-Base",
            "Qwen/SAE-Res-Qwen3-1.7B-Base-W32K-L0_50",
            (2048, 28, 32768, 50),
        ),
        (
            "qwen3.5-27b-w80k-l0_100",
            "Qwen/Qwen3.5-27B",
            "Qwen/SAE-Res-Qwen3.5-27B-W80K-L0_100",
            (5120, 64, 81920, 100),
        ),
        (
            "qwen3.5-35b-a3b-w128k-l0_100",
            "Qwen/Qwen3.5-35B-A3B-Base",
            "Qwen/SAE-Res-Qwen3.5-35B-A3B-Base-W128K-L0_100",
            (2048, 40, 131072, 100),
        ),
    ],
)
def test_entries_agree_with_the_model_cards(name, backbone, sae, sizes):
    entry = catalogue()[name]
    assert (entry.backbone, entry.sae) == (backbone, sae)
    assert (entry.d_model, entry.n_layers, entry.d_sae, entry.k) == sizes


def test_k_is_the_suffix_of_every_group():
    for entry in qwen_scope_entries():
        assert entry.sae.endswith(f"-L0_{entry.k}")
        assert f"-W{entry.d_sae // 1024}K-" in entry.sae
        assert entry.settings.prefix == ()
        assert entry.settings.skip == "first-token"


def test_a_group_is_found_by_its_hub_id():
    assert find_entry("Qwen/SAE-Res-Qwen3-8B-Base-W64K-L0_100").id == "qwen3-8b-w64k-l0_100"


def test_a_repository_of_several_groups_names_them():
    with pytest.raises(UsageError, match=r"holds 4 groups: gemma-scope-2-1b-it-w16k-l0_small.*name one"):
        find_entry("google/gemma-scope-2-1b-it")
    entry = find_entry("gemma-scope-2-270m-pt-w262k-l0_big")
    assert (entry.backbone, entry.d_sae, entry.k) == ("google/gemma-3-270m", 262_144, None)
    assert entry.file_of(7) == "resid_post_all/layer_7_width_262k_l0_big/params.safetensors"


def test_an_unknown_name_lists_near_ones():
    with pytest.raises(UsageError, match=r"qwen3-1\.7b-w32k-l0_50"):
        locate("qwen3-1.7b-w32k-l050")


def test_a_path_that_is_not_there_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="no scope folder at"):
        locate(tmp_path / "nowhere")


def test_a_group_that_is_not_on_disk_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr("scopesift_features.catalogue.table.scopes_home", lambda: tmp_path)
    with pytest.raises(ScopeError, match=r"scopesift scopes pull qwen3-8b-w64k-l0_50"):
        locate("qwen3-8b-w64k-l0_50")


def test_a_local_folder_may_have_any_name(tmp_path, monkeypatch):
    folder = tmp_path / "my-scope"
    folder.mkdir()
    (folder / "scope.json").write_text(json.dumps({"id": "mine"}))
    monkeypatch.chdir(tmp_path)
    assert locate("my-scope")[0].resolve() == folder
