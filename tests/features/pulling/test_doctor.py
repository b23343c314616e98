"""What the doctor says of pretended machines and hubs."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from scopesift_features.backbone.cut import load_backbone
from scopesift_features.backbone.source import FolderBackbone
from scopesift_features.catalogue import table
from scopesift_features.pulling import machine
from scopesift_features.pulling.amounts import written_size
from scopesift_features.pulling.doctor import IN_THE_WAY, NOTE, OK, TRANSFORMERS, examine
from scopesift_features.pulling.machine import Machine, this_machine
from scopesift_features.pulling.pull import pull
from scopesift_features.pulling.size import encoder_bytes
from scopesift_files.errors import UsageError

NAME = "tiny-w0k-l0_8"
BACKBONE = "Tiny/Tiny-Base"
GIB = 2**30
ROOMY = Machine(
    device="cpu", memory=8 * GIB, disk=8 * GIB, gpu=None, gpu_memory=0, bfloat16=True, transformers="5.17.0",
    missing=("flash-linear-attention", "causal-conv1d"),
)  # fmt: skip
WITH_GPU = replace(ROOMY, device="cuda", gpu="Pretended 9000", gpu_memory=8 * GIB)


def asked(machine=ROOMY, name=NAME, **named):
    """topic -> finding; every finding is one line."""
    found = examine(name, machine=machine, **named)
    assert not any("\n" in finding.text + finding.remedy for finding in found)
    assert all(finding.remedy for finding in found if finding.state == IN_THE_WAY)
    return {finding.topic: finding for finding in found}


def in_the_way(found):
    return [topic for topic, finding in found.items() if finding.state == IN_THE_WAY]


@pytest.fixture
def away(monkeypatch):
    """`away()`: take the hub off the network."""

    def away():
        from huggingface_hub import constants

        monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")

    return away


def test_nothing_is_in_the_way_of_a_roomy_machine_and_no_weights_are_fetched(at_hub, hub):
    found = asked(layers=[1])
    assert in_the_way(found) == []
    assert found["hub"].text == f"{hub.url} has backbone and SAEs; no token is needed"
    assert f"`scopesift scopes pull {NAME} --layers 1`" == found["scope"].remedy
    assert set(hub.sent) == {"config.json", "model.safetensors.index.json"}
    assert not at_hub.exists()


def test_the_disk_line_counts_what_a_pull_would_fetch(at_hub, hub):
    before = asked(layers=[1])["disk"].text
    shards = {path.name: path.stat().st_size for path in (hub.root / BACKBONE).glob("*.safetensors")}
    pull(NAME, layers=[1])
    fetched = sum(size for name, size in shards.items() if name in hub.sent)
    assert fetched < sum(shards.values())
    assert f"and {fetched / 1024:.0f} KiB of backbone" in before
    assert "and 0 B of backbone" in asked(layers=[0, 1])["disk"].text
    sae = table.find_entry(NAME).sae_bytes
    assert before.startswith(
        f"{2 * sae / 1024:.0f} KiB for SAEs"
    )  # the layer's, and the download it is made of


def test_no_network(at_hub, away):
    away()
    found = asked()
    assert in_the_way(found) == ["hub"]
    assert "http://127.0.0.1:9 cannot be reached" in found["hub"].text
    assert found["hub"].remedy == "check the network and the proxy, or name a mirror with HF_ENDPOINT"
    assert "about" in found["memory"].text


def test_offline_mode(at_hub, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert asked()["hub"].remedy == "unset it once to pull"


def test_a_licence_to_be_accepted(at_hub, hub, monkeypatch):
    hub.token = "hf_secret"
    monkeypatch.delenv("HF_TOKEN", raising=False)
    found = asked()
    assert in_the_way(found) == ["hub"]
    assert found["hub"].remedy == "do so on the hub and set HF_TOKEN"
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert asked()["hub"].text.endswith("with the token that is set")


def test_a_scope_that_is_here_needs_no_hub(at_hub, away):
    pull(NAME, layers=[2])
    away()
    found = asked()
    assert in_the_way(found) == []
    assert found["scope"].text == f"{NAME}: layers 2 are here"
    assert "hub" not in found


def test_settings_that_were_edited_count(at_hub):
    pull(NAME, layers=[2])
    path = at_hub / "scope.json"
    path.write_text(path.read_text().replace('"dtype": "bfloat16"', '"dtype": "float32"', 1))
    found = asked(replace(ROOMY, bfloat16=False))
    assert "in float32" in found["memory"].text
    assert "bfloat16" not in found


def test_a_full_disk(at_hub):
    found = asked(replace(ROOMY, disk=1000))
    assert in_the_way(found) == ["disk"]
    assert "1000 B are free" in found["disk"].text
    assert "HF_HOME" in found["disk"].remedy


def test_too_little_memory(at_hub):
    found = asked(replace(ROOMY, memory=GIB // 4))
    assert in_the_way(found) == ["memory"]
    assert "256 MiB are free" in found["memory"].text


def test_a_system_that_does_not_say_how_much_memory_is_free(at_hub):
    assert asked(replace(ROOMY, memory=None))["memory"].state == NOTE


def test_no_bfloat16_is_no_hindrance_but_takes_twice_the_memory(at_hub):
    with_it, without = asked(), asked(replace(ROOMY, bfloat16=False))
    assert in_the_way(without) == []
    assert (with_it["bfloat16"].state, without["bfloat16"].state) == (OK, NOTE)
    assert "twice the memory" in without["bfloat16"].text
    assert "in bfloat16" in with_it["memory"].text
    assert "in float32" in without["memory"].text


def test_a_gpu_that_is_too_small(at_hub):
    assert in_the_way(asked(WITH_GPU)) == []
    found = asked(replace(WITH_GPU, gpu_memory=GIB // 4))
    assert in_the_way(found) == ["GPU"]
    assert found["GPU"].text.startswith("Pretended 9000: 51")
    assert "--device cpu" in found["GPU"].remedy


def test_a_gpu_keeps_the_encoders_weights_a_second_time_to_meet_bfloat16(at_hub, tiny_entry):
    sizes = tiny_entry.d_model, tiny_entry.d_sae
    once = encoder_bytes(*sizes, "float32", 1)
    assert encoder_bytes(*sizes, "float32", 1, beside="bfloat16") == once + 6 * sizes[0] * sizes[1]
    assert encoder_bytes(*sizes, "bfloat16", 1, beside="bfloat16") < once
    wide = replace(tiny_entry, d_sae=2**21)
    twice = encoder_bytes(tiny_entry.d_model, wide.d_sae, "float32", 1, beside="bfloat16")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "catalogue", lambda: {NAME: wide})
        found = asked(WITH_GPU)
        assert written_size(twice + 2**29) in found["GPU"].text
        assert written_size(twice + 2**29) not in found["memory"].text
        without = asked(replace(WITH_GPU, bfloat16=False))
    assert without["memory"].text + " on it" in without["GPU"].text


def test_an_old_transformers(at_hub):
    for version in ("4.57.1", "5.2.0", "5.16.9"):
        found = asked(replace(ROOMY, transformers=version))
        assert in_the_way(found) == ["transformers"]
        assert "pip install -U 'transformers>=5.17'" in found["transformers"].remedy
    assert in_the_way(asked(replace(ROOMY, transformers="5.100.0.dev0"))) == []


def test_the_version_of_transformers_is_the_one_that_is_declared():
    declared = (Path(__file__).parents[3] / "pyproject.toml").read_text()
    assert f'"transformers>={".".join(map(str, TRANSFORMERS))}"' in declared


def test_the_packages_of_the_fast_path_are_asked_for_where_they_matter(at_hub, tiny_entry, monkeypatch):
    assert "linear attention" not in asked(WITH_GPU)
    linear = replace(tiny_entry, backbone="Tiny/Qwen3.5-Tiny")
    monkeypatch.setattr(table, "catalogue", lambda: {NAME: linear})
    assert asked()["linear attention"].remedy == ""  # a processor has no fast path
    slow = asked(WITH_GPU)["linear attention"]
    assert slow.remedy == "`pip install flash-linear-attention causal-conv1d`"
    assert asked(replace(WITH_GPU, missing=()))["linear attention"].state == OK


def test_bundled_scopes_and_folders_are_looked_at_without_a_hub(copy_of_tiny_scope):
    for name in ("e5", "nano", str(copy_of_tiny_scope)):
        found = asked(name=name)
        assert in_the_way(found) == []
        assert set(found) == {"scope", "transformers", "memory", "GPU"}
    (copy_of_tiny_scope / "sae" / "config.json").unlink()
    assert in_the_way(asked(name=str(copy_of_tiny_scope))) == ["scope"]


def test_layers_that_a_scope_does_not_have(at_hub, tiny_scope_folder):
    with pytest.raises(UsageError, match="its layers are 0 to 3"):
        examine(NAME, layers=[7], machine=ROOMY)
    assert in_the_way(asked(name=str(tiny_scope_folder), layers=[7])) == ["scope"]


@pytest.mark.parametrize("family", ["qwen3", "qwen3-moe", "qwen3.5-multimodal", "bert"])
def test_the_memory_of_a_cut_backbone_is_what_loading_it_takes(checkpoints, family):
    folder, _ = checkpoints(family)
    loaded = load_backbone(folder, 1, device="cpu", dtype=torch.float32)
    taken = sum(weight.numel() * 4 for weight in loaded.model.parameters())
    assert FolderBackbone(folder).weight_bytes(1, dtype=torch.float32) == taken


def test_this_machine_says_what_it_has(monkeypatch, tmp_path):
    import transformers

    found = this_machine("cpu")
    assert (found.device, found.gpu, found.gpu_memory) == ("cpu", None, 0)
    assert re.match(r"\d+\.\d+", found.transformers)
    assert found.transformers == transformers.__version__
    assert found.disk > 0
    (tmp_path / "memory.max").write_text(f"{3 * 2**20}\n")
    (tmp_path / "memory.current").write_text(f"{2**20}\n")
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    assert this_machine("cpu").memory == 2 * 2**20  # a container's limit counts


def test_several_gpus_count_together(monkeypatch):
    monkeypatch.setattr(machine, "choose_device", lambda _device: "auto")
    monkeypatch.setattr(machine, "has_bfloat16", lambda device: device == "auto")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda gpu: f"Pretended {gpu[-1]}")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda gpu: (int(gpu[-1]) + 1, 99))
    found = this_machine("auto")
    assert (found.gpu, found.gpu_memory, found.bfloat16) == ("Pretended 0, Pretended 1", 3, True)
