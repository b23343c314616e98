import json

import pytest
import torch
from scopesift_features.backbone import load_backbone, read_backbone_config
from scopesift_features.checkpoint_index import INDEX, needed_tensors
from scopesift_features.errors import ScopeError
from torch import nn


def blocks_of(model):
    """The text decoder's blocks, found without the product's code."""
    for path in ("model.language_model.layers", "model.layers", "transformer.h"):
        try:
            return model.get_submodule(path)
        except AttributeError:
            continue
    raise AssertionError(type(model))


def batch():
    ids_BT = torch.randint(1, 300, (3, 11), generator=torch.Generator().manual_seed(3))
    mask_BT = torch.ones_like(ids_BT)
    mask_BT[1, 6:] = 0
    mask_BT[2, 1:] = 0
    return ids_BT, mask_BT


@torch.inference_mode()
def uncut(model, layer):
    """Block input, block output, and the uncut model's last hidden state, on tokens."""
    seen = {}
    block = blocks_of(model)[layer]
    hooks = [
        block.register_forward_pre_hook(
            lambda _m, args, named: seen.update(before=args[0] if args else named["hidden_states"]),
            with_kwargs=True,
        ),
        block.register_forward_hook(
            lambda _m, _i, out: seen.update(after=out[0] if isinstance(out, tuple) else out)
        ),
    ]
    ids_BT, mask_BT = batch()
    output = model(input_ids=ids_BT, attention_mask=mask_BT, output_hidden_states=True, use_cache=False)
    for hook in hooks:
        hook.remove()
    use_BT = mask_BT.bool()
    return seen["before"][use_BT], seen["after"][use_BT], output.hidden_states[-1][use_BT]


def cut(folder, layer, deepest=None, mutate=lambda backbone: None, **options):
    ids_BT, mask_BT = batch()
    backbone = load_backbone(folder, layer if deepest is None else deepest, device="cpu", dtype=torch.float32)
    mutate(backbone)
    return backbone.residuals(ids_BT, mask_BT, [layer], **options)[layer][mask_BT.bool()]


def depth(folder):
    return read_backbone_config(folder).num_hidden_layers


@pytest.mark.parametrize("which", ["first", "middle", "last"])
def test_a_cut_backbone_equals_the_uncut_model_bit_for_bit(checkpoints, family, which):
    folder, model = checkpoints(family)
    layer = {"first": 0, "middle": 2, "last": depth(folder) - 1}[which]
    _, after, _ = uncut(model, layer)
    assert torch.equal(cut(folder, layer), after)


def test_a_layer_above_the_cut_is_the_same_whatever_the_cut(checkpoints, family):
    folder, model = checkpoints(family)
    _, after, _ = uncut(model, 1)
    assert torch.equal(cut(folder, 1, deepest=depth(folder) - 1), after)


def norms_of(block):
    """A block's own norms, in the order of their use."""
    return [module for module in block.children() if "norm" in type(module).__name__.lower()]


def read_other_modules(choose):
    """A mutation that takes the residual at `choose(blocks, number)` instead of at the block itself."""

    def mutate(backbone):
        backbone.blocks = [choose(backbone.blocks, number) for number in range(len(backbone.blocks))]

    return mutate


MUTATIONS = {
    "wrong layer": {"mutate": read_other_modules(lambda blocks, number: blocks[number - 1])},
    "pre-block": {"before": True},
    "pre-norm, in the middle of the block": {
        "mutate": read_other_modules(lambda blocks, number: norms_of(blocks[number])[1]),
        "before": True,
    },
    "behind the block's first norm": {
        "mutate": read_other_modules(lambda blocks, number: norms_of(blocks[number])[0])
    },
    "behind the block's second norm": {
        "mutate": read_other_modules(lambda blocks, number: norms_of(blocks[number])[1])
    },
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_wrong_hook_point_fails_the_comparison(checkpoints, family, mutation):
    folder, model = checkpoints(family)
    layer = depth(folder) - 1
    before, after, _ = uncut(model, layer)
    found = cut(folder, layer, **MUTATIONS[mutation])
    assert found.shape == after.shape
    assert not torch.equal(found, after)
    if mutation == "pre-block":
        assert torch.equal(found, before)  # so `before=True` is the block's input, as the checks need it


def test_the_state_behind_the_final_norm_fails_the_comparison(checkpoints, family):
    _, model = checkpoints(family)
    _, after, final = uncut(model, len(blocks_of(model)) - 1)
    assert not torch.equal(final, after)  # what hidden_states[-1] would have given


def test_nothing_behind_the_cut_is_in_memory(checkpoints, family):
    folder, model = checkpoints(family)
    backbone = load_backbone(folder, 1, device="cpu", dtype=torch.float32)
    held = sum(parameter.numel() for parameter in backbone.model.parameters())
    wanted = sum(parameter.numel() for block in blocks_of(model)[:2] for parameter in block.parameters())
    embeddings = sum(
        module.weight.numel()
        for name, module in model.named_modules()
        if isinstance(module, nn.Embedding) and "visual" not in name
    )
    assert held == wanted + embeddings  # so: no further block, no final norm, no LM head, nothing visual


def test_only_the_needed_shards_are_read(checkpoints, family, tmp_path):
    folder, model = checkpoints(family)
    weight_map = json.loads((folder / INDEX).read_text())["weight_map"]
    needed = needed_tensors(weight_map, 1)
    shards = set(needed.values())
    assert len(shards) < len(set(weight_map.values()))
    for name in ["config.json", *shards]:
        (tmp_path / name).symlink_to(folder / name)
    (tmp_path / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": needed}))
    assert torch.equal(cut(tmp_path, 1), uncut(model, 1)[1])
    assert not any("lm_head" in name or "visual" in name for name in needed)


def test_a_deeper_block_than_the_shards_hold_is_refused(checkpoints, tmp_path):
    folder, _ = checkpoints("qwen3")
    needed = needed_tensors(json.loads((folder / INDEX).read_text())["weight_map"], 0)
    for name in ["config.json", *set(needed.values())]:
        (tmp_path / name).symlink_to(folder / name)
    (tmp_path / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": needed}))
    with pytest.raises(ScopeError, match=r"lacks .* tensors, first layers"):
        cut(tmp_path, 3)


def test_an_index_of_another_model_is_refused():
    with pytest.raises(ScopeError, match="no tensors of block 0"):
        needed_tensors({"encoder.weight": "a.safetensors"}, 0)


def test_padding_on_the_right_cannot_be_seen(checkpoints, family):
    folder, _ = checkpoints(family)
    backbone = load_backbone(folder, 2, device="cpu", dtype=torch.float32)
    ids_BT, mask_BT = batch()
    together = backbone.residuals(ids_BT, mask_BT, [2])[2][1, :6]
    alone = backbone.residuals(ids_BT[1:2, :6], mask_BT[1:2, :6], [2])[2][0]
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)


def test_a_layer_past_the_cut_is_refused(checkpoints):
    folder, _ = checkpoints("qwen3")
    with pytest.raises(ScopeError, match="holds layers 0 to 1"):
        cut(folder, 2, deepest=1)
    with pytest.raises(ScopeError, match="has layers 0 to 3"):
        cut(folder, 4)


def test_loading_does_not_change_how_loud_transformers_is(checkpoints):
    from transformers.utils import logging

    before = logging.get_verbosity()
    cut(checkpoints("qwen3")[0], 0)
    assert logging.get_verbosity() == before
