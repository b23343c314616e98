"""A group's SAEs over the instruct model of the base model that they were trained on."""

import json

import pytest
import torch
from scopesift_features.catalogue.listing import list_scopes
from scopesift_features.checks.base_backbone import check_base
from scopesift_features.pulling.pull import pull
from scopesift_features.scope import Scope
from scopesift_files.errors import ScopeError, UsageError

NAME = "tiny-w0k-l0_8"
GROUP = "Tiny/SAE-Res-Tiny-W0K-L0_8"
BACKBONE = "Tiny/Tiny-Base"
INSTRUCT = "Tiny/Tiny"
ON_INSTRUCT = f"{NAME}-on-tiny--tiny"


@pytest.fixture
def both(at_hub, instruct):
    """The group over its own backbone and over the instruct model, a layer of each."""
    pull(NAME, layers=[1])
    pull(NAME, layers=[1], backbone=INSTRUCT)
    return Scope.load(NAME, device="cpu"), Scope.load(ON_INSTRUCT, device="cpu")


def test_it_is_a_scope_of_its_own_with_the_same_saes_and_other_residuals(both, instruct):
    base, other = both
    assert (other.id, other.record.backbone, other.record.sae) == (ON_INSTRUCT, INSTRUCT, GROUP)
    assert other.fingerprint["backbone_revision"] == instruct.commit(INSTRUCT)
    assert base.fingerprint["backbone_revision"] == instruct.commit(BACKBONE)
    assert torch.equal(base.sae(1).W_enc_FD, other.sae(1).W_enc_FD)
    ids = torch.arange(1, 9)[None]
    residuals = [scope.backbone(1).residuals(ids, torch.ones_like(ids), [1])[1] for scope in both]
    assert not torch.allclose(*residuals)
    assert json.loads((other.folder / "sae" / "config.json").read_text())["base_model"] == BACKBONE


def test_what_a_classifier_is_tied_to_differs(both):
    base, other = (scope.fingerprint for scope in both)
    assert base["sae_revision"] == other["sae_revision"]
    assert all(base[key] != other[key] for key in ("id", "backbone", "backbone_revision"))


def test_more_layers_come_by_its_own_name(both, at_hub):
    pull(ON_INSTRUCT, layers=[2])
    assert Scope.load(ON_INSTRUCT, device="cpu").layers == (1, 2)
    assert Scope.load(NAME, device="cpu").layers == (1,)
    with pytest.raises(ScopeError, match=f"scopesift scopes pull {ON_INSTRUCT} --layers 3"):
        Scope.load(ON_INSTRUCT, device="cpu").sae(3)


def test_the_list_shows_it_behind_the_catalogue(both):
    assert [(found.id, found.backbone, found.pulled_layers) for found in list_scopes()] == [
        (NAME, BACKBONE, [1]),
        (ON_INSTRUCT, INSTRUCT, [1]),
    ]


def test_the_check_puts_the_base_models_fvu_beside(both):
    from scopesift_features.checks.scope import check

    (of_base,) = check(NAME, layers=[1], device="cpu")
    (of_other,) = check(ON_INSTRUCT, layers=[1], device="cpu")
    found = check_base(ON_INSTRUCT, [1], device="cpu")
    assert found.fvu == {1: of_base.fvu}
    assert of_base.fvu != of_other.fvu
    assert [("not carried over" in line) for line in found.notes] == [True]
    assert check_base(NAME, [1], device="cpu") is None


def test_the_check_says_how_to_get_the_base_model_where_it_is_not_here(at_hub, instruct):
    pull(NAME, layers=[1, 2], backbone=INSTRUCT)
    found = check_base(ON_INSTRUCT, [1, 2], device="cpu")
    assert found.fvu == {}
    commit = instruct.commit(GROUP)
    assert f"`scopesift scopes pull {NAME} --layers 1,2 --revision {commit}`" in found.notes[-1]


def test_saes_of_another_revision_are_not_put_beside(both):
    path = both[0].folder / "scope.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"sae_revision": "0" * 40}))
    assert check_base(ON_INSTRUCT, [1], device="cpu").fvu == {}


def test_the_groups_own_backbone_is_the_group_itself(at_hub):
    assert pull(NAME, layers=[0], backbone=BACKBONE.lower()) == at_hub
    assert Scope.load(NAME, device="cpu").record.backbone == BACKBONE


def test_a_backbone_of_other_sizes_is_refused(at_hub, instruct):
    path = instruct.root / INSTRUCT / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"num_hidden_layers": 9}))
    with pytest.raises(ScopeError, match="width 32 and 9 layers, expected 32 and 4; not pulled"):
        pull(NAME, layers=[0], backbone=INSTRUCT)


def test_wrong_requests_are_usage_errors(at_hub, tiny_scope_folder):
    with pytest.raises(UsageError, match=r"--backbone takes a hub id such as Qwen/Qwen3-8B, not '\./model'"):
        pull(NAME, layers=[0], backbone="./model")
    with pytest.raises(UsageError, match="local folder, which holds its backbone"):
        pull(str(tiny_scope_folder), backbone=INSTRUCT)
    with pytest.raises(ScopeError, match=f"pull {NAME} --backbone ORGANISATION/MODEL"):
        Scope.load(f"{NAME}-on-nowhere")
