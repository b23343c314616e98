"""Sizes by a model's name, beside those of its real configuration."""

import pytest
import torch
from scopesift_features.backbone.source import FolderBackbone
from scopesift_features.catalogue.table import catalogue, find_entry
from scopesift_features.pulling import estimate
from scopesift_features.pulling.estimate import estimate_backbone, estimate_checkpoint, estimate_flops

from bench.full_size.standin import STANDINS

GROUPS = {
    "Qwen3-1.7B": "qwen3-1.7b-w32k-l0_50",
    "Qwen3-8B": "qwen3-8b-w64k-l0_50",
    "Qwen3.5-2B": "qwen3.5-2b-w32k-l0_50",
}


@pytest.mark.parametrize("model", GROUPS)
def test_the_size_by_name_is_on_the_large_side_and_not_far_off(model, tmp_path):
    STANDINS[model].config().save_pretrained(tmp_path)
    entry = find_entry(GROUPS[model])
    for share in (0.25, 0.5, 1):
        deepest = round(share * entry.n_layers) - 1
        exact = FolderBackbone(tmp_path).weight_bytes(deepest, dtype=torch.bfloat16)
        assert exact <= estimate_backbone(entry, deepest, "bfloat16") <= 1.35 * exact
        assert estimate_backbone(entry, deepest, "float32") == 2 * estimate_backbone(
            entry, deepest, "bfloat16"
        )
    assert estimate_backbone(entry, entry.n_layers - 1, "bfloat16") <= estimate_checkpoint(entry)


def test_of_a_mixture_of_experts_all_weights_are_held_and_the_active_ones_are_met():
    entry = find_entry("qwen3-30b-a3b-w32k-l0_50")
    assert estimate_checkpoint(entry) == 2 * 30_500_000_000
    assert estimate_flops(entry, 47) == pytest.approx(2 * (3.5e9 - 151_936 * 2048))
    assert estimate_flops(entry, 23) == estimate_flops(entry, 47) / 2


def test_every_groups_name_says_a_size():
    for entry in catalogue().values():
        if not entry.bundled:
            assert estimate_checkpoint(entry) > 5e8
            assert estimate._embedding(entry) / entry.d_model in (151_936, 248_320, 262_208)
