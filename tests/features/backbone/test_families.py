import json

import pytest
import torch
from scopesift_features.backbone.checkpoint_index import INDEX, needed_tensors
from scopesift_features.backbone.cut import load_backbone, read_backbone_config
from scopesift_files.errors import ScopeError
from torch import nn

# their blocks end with a norm of their own, and nothing comes after the last one
POST_NORM = ("bert", "xlm-roberta")
ENCODERS = (*POST_NORM, "modernbert")
HOLDERS = (
    "model.language_model.layers",
    "model.layers",
    "transformer.h",
    "bert.encoder.layer",
    "roberta.encoder.layer",
)


def blocks_of(model):
    """The text model's blocks, found without the product's code."""
    for path in HOLDERS:
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
    """A block's own norms, in the order of their use; a post-norm block holds them inside its parts."""
    own = [module for module in block.children() if is_norm(module)]
    return own or [module for module in block.modules() if is_norm(module)]


def is_norm(module):
    return "norm" in type(module).__name__.lower()


def read_other_modules(choose):
    """A mutation that takes the residual at `choose(blocks, number)` instead of at the block itself."""

    def mutate(backbone):
        backbone.blocks = [choose(backbone.blocks, number) for number in range(len(backbone.blocks))]

    return mutate


def at_norm(which):
    return read_other_modules(lambda blocks, number: norms_of(blocks[number])[which])


MUTATIONS = {
    "wrong layer": {"mutate": read_other_modules(lambda blocks, number: blocks[number - 1])},
    "pre-block": {"before": True},
    "in front of the block's last norm": {"mutate": at_norm(-1), "before": True},
    "behind the block's first norm": {"mutate": at_norm(0)},
    "behind the block's last norm": {"mutate": at_norm(-1)},
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_wrong_hook_point_fails_the_comparison(checkpoints, family, mutation):
    folder, model = checkpoints(family)
    layer = depth(folder) - 1
    before, after, _ = uncut(model, layer)
    found = cut(folder, layer, **MUTATIONS[mutation])
    assert found.shape == after.shape
    if family in POST_NORM and mutation == "behind the block's last norm":
        assert torch.equal(found, after)  # which is the block's output there
        return
    assert not torch.equal(found, after)
    if mutation == "pre-block":
        assert torch.equal(found, before)  # so `before=True` is the block's input, as the checks need it


def test_the_state_behind_the_final_norm_fails_the_comparison_where_there_is_one(checkpoints, family):
    _, model = checkpoints(family)
    _, after, final = uncut(model, len(blocks_of(model)) - 1)
    # what hidden_states[-1] would have given
    assert torch.equal(final, after) == (family in POST_NORM)


def test_nothing_behind_the_cut_is_in_memory(checkpoints, family):
    folder, model = checkpoints(family)
    backbone = load_backbone(folder, 1, device="cpu", dtype=torch.float32)
    held = sum(parameter.numel() for parameter in backbone.model.parameters())
    wanted = sum(parameter.numel() for block in blocks_of(model)[:2] for parameter in block.parameters())
    embeddings = sum(
        parameter.numel()
        for name, module in model.named_modules()
        # of encoders with their norm, which comes before the blocks
        if (isinstance(module, nn.Embedding) or (is_norm(module) and "embeddings." in name))
        and "visual" not in name
        and "vision" not in name
        for parameter in module.parameters()
    )
    # so: no further block, no final norm, no pooler, no LM head, nothing visual
    assert held == wanted + embeddings


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
    heads = ("lm_head.", "cls.", "head.", "decoder.")
    assert not any(name.startswith(heads) or "visual" in name for name in needed)


@pytest.mark.parametrize("name", ["qwen3", "bert", "modernbert"])
def test_a_deeper_block_than_the_shards_hold_is_refused(checkpoints, name, tmp_path):
    folder, _ = checkpoints(name)
    needed = needed_tensors(json.loads((folder / INDEX).read_text())["weight_map"], 0)
    for name in ["config.json", *set(needed.values())]:
        (tmp_path / name).symlink_to(folder / name)
    (tmp_path / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": needed}))
    with pytest.raises(ScopeError, match=r"lacks .* tensors, first (encoder\.)?layer"):
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


def test_encoders_see_the_tokens_behind_and_decoders_do_not(checkpoints, family):
    folder, _ = checkpoints(family)
    backbone = load_backbone(folder, 2, device="cpu", dtype=torch.float32)
    ids_BT, mask_BT = batch()
    other_BT = ids_BT.clone()
    other_BT[0, -1] = 301
    first, other = (backbone.residuals(ids, mask_BT, [2])[2][0, 0] for ids in (ids_BT, other_BT))
    # another token may go to another expert, whose product then has other shapes: only the last bits may change
    assert torch.allclose(first, other, rtol=1e-4, atol=1e-4) == (family not in ENCODERS)


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


def test_an_encoder_without_its_padding_mask_reads_something_else(checkpoints):
    for name in ENCODERS:
        backbone = load_backbone(checkpoints(name)[0], 1, device="cpu", dtype=torch.float32)
        ids_BT, mask_BT = batch()
        masked, unmasked = (
            backbone.residuals(ids_BT, mask, [1])[1][2, 0] for mask in (mask_BT, torch.ones_like(mask_BT))
        )
        assert not torch.allclose(masked, unmasked, atol=1e-3)


def test_local_blocks_see_their_window_only(checkpoints):
    """Blocks 1 and 2 of the tiny ModernBERT see two tokens to either side; block 0 sees all."""
    backbone = load_backbone(checkpoints("modernbert")[0], 1, device="cpu", dtype=torch.float32)
    ids_BT, mask_BT = batch()
    backbone.blocks[0].register_forward_hook(lambda _m, args, _out: args[0])  # block 0 out of the way
    other_BT = ids_BT.clone()
    other_BT[0, 5] = 301
    seen = [backbone.residuals(ids, mask_BT, [1])[1][0] for ids in (ids_BT, other_BT)]
    assert [at for at in range(11) if not torch.equal(seen[0][at], seen[1][at])] == [3, 4, 5, 6, 7]


@pytest.mark.parametrize("name", ["bert", "xlm-roberta"])
def test_a_pooler_is_neither_needed_nor_kept(checkpoints, name, tmp_path):
    from transformers import AutoModel

    folder, model = checkpoints(name)  # saved with a language-model head and without a pooler
    bare = AutoModel.from_pretrained(folder)
    assert bare.pooler is not None
    bare.save_pretrained(tmp_path)
    for place in (folder, tmp_path):
        backbone = load_backbone(place, 2, device="cpu", dtype=torch.float32)
        assert not any("pooler" in key for key in backbone.model.state_dict())
        assert torch.equal(cut(place, 2), uncut(model, 2)[1])


def test_a_norm_that_blocks_use_stays_though_it_stands_behind_them(encoder_sizes, tmp_path):
    """DeBERTa keeps the norm of its relative positions where others keep their final norm."""
    from transformers import DebertaV2Config, DebertaV2Model

    relative = {"relative_attention": True, "norm_rel_ebd": "layer_norm", "pos_att_type": ["c2p", "p2c"]}
    torch.manual_seed(0)
    model = DebertaV2Model(DebertaV2Config(**encoder_sizes, **relative, position_biased_input=False)).eval()
    model.encoder.LayerNorm.weight.data.fill_(3.0)
    model.save_pretrained(tmp_path, max_shard_size="60KB")
    weight_map = json.loads((tmp_path / INDEX).read_text())["weight_map"]
    assert "encoder.LayerNorm.weight" in needed_tensors(weight_map, 1)
    ids_BT, mask_BT = batch()
    with torch.inference_mode():
        found = model(ids_BT, attention_mask=mask_BT, output_hidden_states=True).hidden_states
    for layer in range(4):
        assert torch.equal(cut(tmp_path, layer), found[layer + 1][mask_BT.bool()])


def test_the_pattern_of_a_published_modernbert_is_cut_with_it(checkpoints, tmp_path):
    """Published configurations give the distance of global blocks and two rotary bases, not lists."""
    folder, model = checkpoints("modernbert")
    content = json.loads((folder / "config.json").read_text())
    bases = {
        name: content["rope_parameters"][f"{kind}_attention"]["rope_theta"]
        for name, kind in (("global", "full"), ("local", "sliding"))
    }
    for name in ("layer_types", "rope_parameters"):
        del content[name]
    content |= {f"{name}_rope_theta": base for name, base in bases.items()}
    (tmp_path / "config.json").write_text(json.dumps(content | {"global_attn_every_n_layers": 3}))
    for path in folder.glob("model*"):
        (tmp_path / path.name).symlink_to(path)
    for layer in (0, 1, 3):
        assert torch.equal(cut(tmp_path, layer), uncut(model, layer)[1])
