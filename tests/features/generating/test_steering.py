"""Features changed while tiny random decoders of every family run."""

import copy
import shutil

import pytest
import torch
from scopesift_features.catalogue.folder import ScopeRecord
from scopesift_features.catalogue.settings import ReadingSettings
from scopesift_features.generating.hooks import gather, steered
from scopesift_features.generating.intervention import BOOST, CLAMP, SUPPRESS, Intervention
from scopesift_features.generating.language_model import LanguageModel, Sampling
from scopesift_features.generating.phases import GENERATED, PROMPT
from scopesift_features.sae.config import SAEConfig
from scopesift_features.sae.files import write_safetensors
from scopesift_features.scope import Scope
from scopesift_files.errors import ScopeError, UsageError

LAYER = 1
FAMILIES = ["qwen3", "qwen3-moe", "qwen3.5", "qwen3.5-moe", "llama", "gpt2"]
SHORT = Sampling(max_new_tokens=8)


@pytest.fixture(params=FAMILIES)
def scope(request, checkpoints, tiny_scope_folder, random_saes, tmp_path):
    """A scope on a tiny checkpoint with its head."""
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast.from_pretrained(tiny_scope_folder / "backbone")
    model = copy.deepcopy(checkpoints(request.param)[1])
    model.resize_token_embeddings(len(tokenizer))
    model.save_pretrained(tmp_path / "backbone")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tiny_scope_folder / "backbone" / name, tmp_path / "backbone" / name)
    n_layers = 6 if "3.5" in request.param else 4
    (sae,) = random_saes(layers=[LAYER])
    SAEConfig("tiny", sae.d_model, sae.d_sae, sae.k, n_layers).write(tmp_path / "sae")
    write_safetensors(sae, tmp_path / "sae")
    settings = ReadingSettings(window_tokens=64, overlap_tokens=16)
    ScopeRecord("tiny", settings, "none", "tiny", "tiny").write(tmp_path)
    return Scope.load(tmp_path, device="cpu")


@pytest.fixture
def model(scope):
    return LanguageModel(scope)


@pytest.fixture
def ids_1T(model):
    return torch.tensor([model.ids("the cat sat on the mat and looked at the dog")])


def logits(model, ids_1T, changes, **how):
    with torch.inference_mode(), steered(model.model, model.blocks, changes, cached=False, **how):
        return model.model(ids_1T, use_cache=False).logits


def residual(model, ids_1T):
    return model.scope.backbone(LAYER).residuals(ids_1T, torch.ones_like(ids_1T), [LAYER])[LAYER][0]


def active_feature(model, ids_1T):
    """A feature that is active somewhere in the text, and its activation on every token."""
    sae = model.scope.sae(LAYER, decoder=True)
    found = sae.active(residual(model, ids_1T))
    feature = int(found.indices_E.mode().values)
    act_T = torch.zeros(ids_1T.shape[1])
    here = found.indices_E == feature
    act_T[found.tokens_E[here]] = found.values_E[here]
    return feature, act_T


def test_boosting_by_nothing_changes_no_bit(model, ids_1T):
    plain = logits(model, ids_1T, [])
    assert torch.equal(
        logits(model, ids_1T, gather(model.scope, [Intervention(LAYER, 3, BOOST, 0.0)])), plain
    )
    assert not torch.equal(
        logits(model, ids_1T, gather(model.scope, [Intervention(LAYER, 3, BOOST, 5.0)])), plain
    )


def test_the_residual_gets_the_amount_times_the_decoder_column(model, ids_1T):
    seen = []
    changes = gather(model.scope, [Intervention(LAYER, 3, BOOST, 2.0), Intervention(LAYER, 7, BOOST, -1.0)])
    with steered(model.model, model.blocks, changes, cached=False):
        model.blocks[LAYER].register_forward_hook(
            lambda _m, _i, out: seen.append(out[0] if isinstance(out, tuple) else out)
        )
        model.model(ids_1T, use_cache=False)
    W_dec_DF = model.scope.sae(LAYER, decoder=True).W_dec_DF
    torch.testing.assert_close(seen[0][0], residual(model, ids_1T) + 2 * W_dec_DF[:, 3] - W_dec_DF[:, 7])


def test_clamping_every_token_to_its_present_value_changes_rounding_only(model, ids_1T):
    feature, act_T = active_feature(model, ids_1T)
    silent = int((act_T == 0).nonzero()[0]) if bool((act_T == 0).any()) else None
    changes = gather(model.scope, [Intervention(LAYER, feature, CLAMP, 0.0)])
    # a token on which the feature is silent is clamped to the 0 that it has
    if silent is not None:
        part = changes[0].on(residual(model, ids_1T)[silent : silent + 1])
        assert not part.any()
    # and one on which it is active, to its activation
    place = int(act_T.argmax())
    at_value = gather(model.scope, [Intervention(LAYER, feature, CLAMP, float(act_T[place]))])
    torch.testing.assert_close(
        at_value[0].on(residual(model, ids_1T)[place : place + 1]), torch.zeros(1, 32), rtol=0, atol=1e-5
    )


def test_suppressing_takes_the_features_part_out(model, ids_1T):
    feature, act_T = active_feature(model, ids_1T)
    (change,) = gather(model.scope, [Intervention(LAYER, feature, SUPPRESS)])
    column_D = model.scope.sae(LAYER, decoder=True).W_dec_DF[:, feature]
    torch.testing.assert_close(change.on(residual(model, ids_1T)), -act_T[:, None] * column_D)


@pytest.mark.parametrize("phase", ["every", PROMPT, GENERATED])
def test_generation_with_a_cache_is_generation_without(model, phase):
    changes = gather(model.scope, [Intervention(LAYER, 3, BOOST, 4.0), Intervention(LAYER, 9, SUPPRESS)])
    prompt = ["the cat sat on the mat"]
    cached = model.continuations(prompt, changes, sampling=SHORT, phase=phase)
    whole = model.continuations(prompt, changes, sampling=Sampling(8, cached=False), phase=phase)
    assert cached == whole


def test_prompt_and_generated_tokens_are_changed_apart(model, ids_1T):
    changes = gather(model.scope, [Intervention(LAYER, 3, BOOST, 5.0)])
    plain, n_tokens = logits(model, ids_1T, []), ids_1T.shape[1]
    prompt = logits(model, ids_1T, changes, phase=PROMPT, prompt_tokens=n_tokens)
    assert torch.equal(prompt, logits(model, ids_1T, changes))
    assert torch.equal(logits(model, ids_1T, changes, phase=GENERATED, prompt_tokens=n_tokens), plain)
    later = logits(model, ids_1T, changes, phase=GENERATED, prompt_tokens=n_tokens - 2)
    torch.testing.assert_close(later[:, : n_tokens - 2], plain[:, : n_tokens - 2])
    assert not torch.allclose(later[:, n_tokens - 2 :], plain[:, n_tokens - 2 :])


def test_the_hooks_are_gone_afterwards(model, ids_1T):
    plain = logits(model, ids_1T, [])
    logits(model, ids_1T, gather(model.scope, [Intervention(LAYER, 3, BOOST, 5.0)]))
    assert torch.equal(logits(model, ids_1T, []), plain)


def test_one_seed_gives_one_text_and_leaves_the_callers_random_numbers_alone(model):
    sampling = Sampling(8, temperature=1.0, seed=3)
    before = torch.random.get_rng_state()
    first = model.continuations(["the cat"], sampling=sampling)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert model.continuations(["the cat"], sampling=sampling) == first
    others = {
        model.continuations(["the cat"], sampling=Sampling(8, temperature=1.0, seed=seed))[0]
        for seed in range(5)
    }
    assert len(others) > 1


def test_the_streamed_pieces_are_the_text(model):
    pieces = []
    (text,) = model.continuations(["the cat sat"], sampling=SHORT, on_text=pieces.append)
    assert "".join(pieces) == text.rstrip("\ufffd") or text.startswith("".join(pieces))


def test_a_batch_of_prompts_of_many_lengths_gives_what_each_gives_alone(model):
    prompts = ["the cat", "the cat sat on", "a dog", "the mat"]
    together = model.continuations(prompts, sampling=SHORT)
    assert together == [model.continuations([prompt], sampling=SHORT)[0] for prompt in prompts]


def test_perplexity_is_the_exponential_of_the_mean_cross_entropy(model, ids_1T):
    text = "the cat sat on the mat and looked at the dog"
    logits_TV = logits(model, ids_1T, [])[0, :-1].double()
    loss = -logits_TV.log_softmax(-1).gather(1, ids_1T[0, 1:, None]).mean()
    assert model.perplexity([text]) == pytest.approx(float(loss.exp()), rel=1e-4)
    strong = gather(model.scope, [Intervention(LAYER, 3, BOOST, 50.0)])
    assert model.perplexity([text], strong) != pytest.approx(model.perplexity([text]), rel=1e-3)


def test_an_unknown_feature_layer_or_phase_and_a_double_change_are_refused(model):
    for interventions, error, message in (
        ([Intervention(LAYER, 128, BOOST, 1)], UsageError, "no feature 128"),
        ([Intervention(LAYER, 1, BOOST, 1), Intervention(LAYER, 1, SUPPRESS)], UsageError, "changed twice"),
        ([Intervention(0, 1, BOOST, 1)], ScopeError, "no SAE for layer 0"),
    ):
        with pytest.raises(error, match=message):
            gather(model.scope, interventions)
    with pytest.raises(UsageError, match="a phase must be one of"):
        model.continuations(["a"], phase="later")


def test_an_encoder_is_refused(tiny_encoder_scope):
    with pytest.raises(ScopeError, match="cannot generate text"):
        LanguageModel(tiny_encoder_scope)
