"""The language model of nano: a Qwen3-architecture base model trained from scratch within a time budget."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from scopesift_files.atomic import write_atomically
from torch import Tensor, nn
from transformers import Qwen3Config, Qwen3ForCausalLM

from recipes.nano.corpus import EncodedLines
from recipes.nano.mixture import END_OF_TEXT_ID, Mixture
from recipes.nano.objective import sampled_cross_entropy, translation_ranking
from recipes.nano.step_draws import StepDraws, drawn_ahead
from recipes.nano.tokenizer import VOCABULARY
from recipes.nano.training_settings import ModelTrainingSettings

SEQUENCE = 128
RANKED_BLOCKS = (2, 3, 4)
CHECKPOINT_SECONDS = 180.0
DEV_SEQUENCES = 32


def nano_config() -> Qwen3Config:
    """The architecture of nano: d 192, 6 blocks, ff 576, three query heads on one key head, tied embeddings."""
    return Qwen3Config(
        vocab_size=VOCABULARY,
        hidden_size=192,
        intermediate_size=576,
        num_hidden_layers=6,
        num_attention_heads=3,
        num_key_value_heads=1,
        head_dim=64,
        max_position_embeddings=2048,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=END_OF_TEXT_ID,
        pad_token_id=END_OF_TEXT_ID,
    )


class Trunk(nn.Module):
    """The model without its output head, returning the residual after every block.

    Right-padded or packed causal input needs no mask.
    """

    def __init__(self, model: Qwen3ForCausalLM) -> None:
        super().__init__()
        self.model = model.model

    def forward(self, ids_BT: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Run the blocks.

        Returns:
            The final-norm output `[B, T, D]` and the residual `[B, T, D]` after each block.
        """
        hidden = self.model.embed_tokens(ids_BT)
        positions = torch.arange(ids_BT.shape[1], device=ids_BT.device).unsqueeze(0)
        rotary = self.model.rotary_emb(hidden, positions)
        states = []
        for block in self.model.layers:
            hidden = block(hidden, attention_mask=None, position_embeddings=rotary)
            states.append(hidden)
        return self.model.norm(hidden), states


def model_rate_factor(progress: float, decay_from: float) -> float:
    """Learning-rate factor: a short warm-up, a plateau, a linear fall to zero (Hu et al. 2024)."""
    if progress < 0.01:
        return max(progress / 0.01, 0.02)
    return 1.0 if progress < decay_from else max(0.0, (1 - progress) / (1 - decay_from))


def dev_losses(model: Qwen3ForCausalLM, dev: dict[str, EncodedLines]) -> dict[str, float]:
    """Exact next-token loss in nats per token on held-out lines, by language."""
    trunk = Trunk(model).eval()
    device = model.device
    losses = {}
    with torch.inference_mode():
        for code, lines in dev.items():
            total, count = 0.0, 0
            for index in range(min(len(lines), DEV_SEQUENCES)):
                ids = torch.tensor([[END_OF_TEXT_ID, *lines[index][: SEQUENCE - 1].tolist()]], device=device)
                hidden, _ = trunk(ids)
                logits = hidden[0, :-1].float() @ model.model.embed_tokens.weight.float().T
                total += float(nn.functional.cross_entropy(logits, ids[0, 1:], reduction="sum"))
                count += ids.shape[1] - 1
            losses[code] = total / max(count, 1)
    return losses


def _optimizers(
    model: Qwen3ForCausalLM, settings: ModelTrainingSettings
) -> list[tuple[torch.optim.Optimizer, float]]:
    matrices = [p for p in model.model.layers.parameters() if p.ndim == 2]
    chosen = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in chosen]
    muon = torch.optim.Muon(
        matrices, lr=settings.matrix_rate, weight_decay=0.05, ns_steps=4, adjust_lr_fn="match_rms_adamw"
    )
    adamw = torch.optim.AdamW(others, lr=settings.other_rate, betas=(0.9, 0.97), weight_decay=0.01)
    return [(muon, settings.matrix_rate), (adamw, settings.other_rate)]


def train_language_model(
    mixture: Mixture,
    settings: ModelTrainingSettings,
    checkpoint: Path,
    say: Callable[[str], None],
    *,
    call_minutes: float = math.inf,
    seed: int = 0,
) -> tuple[Qwen3ForCausalLM, dict[str, float | int]]:
    """Train until the time budget is used, saving a checkpoint every few minutes and resuming from it.

    Args:
        mixture: The tokenised pools.
        settings: Rates, sizes and the budget.
        checkpoint: File of the resumable state.
        say: Called with lines of progress.
        call_minutes: Time limit of this call; the next one continues.
        seed: Of the initial weights and of sampling.

    Returns:
        The model in fp32 and the totals so far: tokens, steps, seconds.
    """
    torch.manual_seed(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = Qwen3ForCausalLM(nano_config()).to(device)
    optimizers = _optimizers(model, settings)
    trunk = torch.compile(Trunk(model), dynamic=False)
    done: dict[str, float | int] = {"seconds": 0.0, "tokens": 0, "steps": 0}
    if checkpoint.is_file():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        for (optimizer, _), saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        done = state["done"]
        say(f"resumed after {done['seconds'] / 60:.1f} min, {done['tokens'] / 1e6:.2f}M tokens")
    budget = settings.minutes * 60
    progress = torch.zeros(
        (), dtype=torch.float64
    ).share_memory_()  # in shared memory for the sampling processes
    draws = drawn_ahead(mixture, settings, SEQUENCE + 1, seed + int(done["steps"]) + 1, progress)
    lm_mean, rank_mean = math.nan, math.nan
    last_save = last_say = float(done["seconds"])
    end = float(done["seconds"]) + 60 * call_minutes
    clock = time.monotonic()
    with Progress(
        TextColumn("language model"), BarColumn(), TextColumn("{task.fields[note]}"), TimeElapsedColumn()
    ) as bar:
        task = bar.add_task("", total=budget, note="")
        while done["seconds"] < min(budget, end):
            progress.fill_(float(done["seconds"]) / budget)
            for optimizer, rate in optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = rate * model_rate_factor(float(progress), settings.decay_from)
            lm_loss, rank_loss = _step(
                model,
                trunk,
                optimizers,
                next(draws),
                settings,
                int(done["steps"]) % settings.ranking_every == 0,
            )
            lm_mean = lm_loss if math.isnan(lm_mean) else 0.98 * lm_mean + 0.02 * lm_loss
            if rank_loss is not None:
                rank_mean = rank_loss if math.isnan(rank_mean) else 0.98 * rank_mean + 0.02 * rank_loss
            now = time.monotonic()
            done["seconds"] = float(done["seconds"]) + now - clock
            clock = now
            done["steps"] = int(done["steps"]) + 1
            done["tokens"] = int(done["tokens"]) + settings.accumulate * settings.sequences * SEQUENCE
            note = f"{done['tokens'] / 1e6:.2f}M tokens, loss {lm_mean:.3f}, ranking {rank_mean:.3f}"
            bar.update(task, completed=float(done["seconds"]), note=note)
            if float(done["seconds"]) - last_say > 30:
                last_say = float(done["seconds"])
                say(f"{last_say / 60:.1f} min: {note}")
            if float(done["seconds"]) - last_save > CHECKPOINT_SECONDS:
                last_save = float(done["seconds"])
                _save(checkpoint, model, optimizers, done)
    _save(checkpoint, model, optimizers, done)
    model.eval()
    return model.float(), done


def _step(
    model: Qwen3ForCausalLM,
    trunk: Callable[[Tensor], tuple[Tensor, list[Tensor]]],
    optimizers: list[tuple[torch.optim.Optimizer, float]],
    drawn: StepDraws,
    settings: ModelTrainingSettings,
    ranked: bool,
) -> tuple[float, float | None]:
    device = model.device
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")
    lm_total = 0.0
    for packed in drawn.packed:
        ids = packed.to(device, non_blocking=True)
        with autocast:
            hidden, _ = trunk(ids[:, :-1])
            targets = ids[:, 1:].reshape(-1)
            loss = sampled_cross_entropy(
                hidden.reshape(len(targets), -1), targets, model.model.embed_tokens.weight, settings.sampled
            )
        (loss / settings.accumulate).backward()
        lm_total += float(loss.detach()) / settings.accumulate
    ranking_loss = None
    if ranked:
        pair_ids, keep = drawn.pair_ids.to(device), drawn.pair_keep.to(device)
        with autocast:
            _, states = trunk(pair_ids)
            ranking = torch.stack(
                [translation_ranking(states[block], keep) for block in RANKED_BLOCKS]
            ).mean()
        (settings.ranking_weight * ranking).backward()
        ranking_loss = float(ranking.detach())
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer, _ in optimizers:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return lm_total, ranking_loss


def _save(
    path: Path,
    model: Qwen3ForCausalLM,
    optimizers: list[tuple[torch.optim.Optimizer, float]],
    done: dict[str, float | int],
) -> None:
    state = {
        "model": model.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer, _ in optimizers],
        "done": done,
    }
    write_atomically(path, lambda temporary: torch.save(state, temporary))


def training_facts(settings: ModelTrainingSettings) -> dict[str, float]:
    """The settings as plain numbers, for the model card."""
    return asdict(settings)
