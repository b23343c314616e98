"""A scope's whole language model: continues prompts and scores texts, with features changed or not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from scopesift_files.errors import ScopeError, UsageError
from torch import Tensor

from scopesift_features.backbone.cut import find_blocks, quiet_transformers
from scopesift_features.generating.hooks import LayerChange, steered
from scopesift_features.generating.phases import EVERY
from scopesift_features.scope import Scope

MOST_ROWS = 32


@dataclass(frozen=True)
class Sampling:
    """How tokens are chosen.

    Attributes:
        max_new_tokens: at most so many are generated.
        temperature: 0: always the likeliest token.
        top_p: tokens that hold this share of the probability are sampled from.
        seed: of the random numbers.
        cached: whether to keep keys and values of earlier tokens; without it the same text, slower.
    """

    max_new_tokens: int = 60
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    cached: bool = True

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1:
            raise UsageError(f"the number of new tokens must be at least 1, not {self.max_new_tokens}")
        if not 0 <= self.temperature < math.inf:
            raise UsageError(f"the temperature must be a number from 0 on, not {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise UsageError(f"top-p must be above 0 and at most 1, not {self.top_p}")


class LanguageModel:
    """The whole model of a scope, with its head.

    Attributes:
        scope: its tokenizer, settings and SAEs.
        model: transformers' model.
        blocks: its blocks.
    """

    def __init__(self, scope: Scope) -> None:
        """Load the model.

        Raises:
            ScopeError: an encoder, or a scope that holds its first blocks only.
        """
        self.scope = scope
        self.model: Any = scope.source.load_whole(device=scope.device, dtype=scope.dtype)
        self.blocks = find_blocks(self.model)

    def ids(self, text: str) -> list[int]:
        """Token ids of a text behind the settings' prefix.

        Raises:
            UsageError: the text has no token, and there is no prefix.
        """
        (encoded,) = self.scope.tokenizer.encode([text], offsets=False)
        found = [*self._prefix, *encoded.ids_T.tolist()]
        if not found:
            raise UsageError("the prompt is empty; give at least one word")
        return found

    @property
    def _prefix(self) -> list[int]:
        ids = [self.scope.tokenizer.token_id(name) for name in self.scope.settings.prefix]
        if None in ids:
            raise ScopeError(f"the vocabulary of {self.scope.id} lacks a token of its prefix")
        return [id_ for id_ in ids if id_ is not None]

    def continuations(
        self,
        prompts: Sequence[str],
        changes: Sequence[LayerChange] = (),
        *,
        sampling: Sampling = Sampling(),
        phase: str = EVERY,
        on_text: Callable[[str], None] | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> list[str]:
        """Continue prompts.

        Prompts with the same number of tokens share a batch; none is padded, since padding corrupts the state of linear
        attention (Qwen3.5).

        Args:
            prompts: N texts.
            changes: features to change, from `gather`.
            sampling: how tokens are chosen.
            phase: tokens that are changed, see `steered`.
            on_text: called with each new piece of text; for a single prompt only.
            on_progress: called with (prompts done, N).

        Returns:
            N continuations, without the prompts.
        """
        if on_text is not None and len(prompts) != 1:
            raise UsageError(f"only one prompt can be streamed, not {len(prompts)}")
        each = [self.ids(prompt) for prompt in prompts]
        order = sorted(range(len(prompts)), key=lambda at: len(each[at]))
        found = [""] * len(prompts)
        done = 0
        for rows in _same_length(order, [len(ids) for ids in each]):
            ids_BT = torch.tensor([each[row] for row in rows], device=self.scope.device)
            with steered(
                self.model,
                self.blocks,
                changes,
                phase=phase,
                prompt_tokens=ids_BT.shape[1],
                cached=sampling.cached,
            ):
                texts = self._generate(ids_BT, sampling, on_text)
            for row, text in zip(rows, texts, strict=True):
                found[row] = text
            done += len(rows)
            if on_progress is not None:
                on_progress(done, len(prompts))
        return found

    @torch.inference_mode()
    def _generate(
        self, ids_BT: Tensor, sampling: Sampling, on_text: Callable[[str], None] | None
    ) -> list[str]:
        sampled = sampling.temperature > 0
        chosen: dict[str, Any] = (
            {"temperature": sampling.temperature, "top_p": sampling.top_p} if sampled else {}
        )
        ends = _end_tokens(self.model)
        with quiet_transformers(), torch.random.fork_rng(devices=_devices(self.scope.device)):
            torch.manual_seed(sampling.seed)
            out_BT = self.model.generate(
                ids_BT,
                attention_mask=torch.ones_like(ids_BT),
                max_new_tokens=sampling.max_new_tokens,
                do_sample=sampled,
                use_cache=sampling.cached,
                pad_token_id=ends[0] if ends else 0,
                eos_token_id=ends or None,
                streamer=None if on_text is None else _Stream(self, on_text, ids_BT.shape[1], ends),
                **chosen,
            )
        return [self.text(row, ends) for row in out_BT[:, ids_BT.shape[1] :].tolist()]

    def text(self, ids: list[int], ends: list[int]) -> str:
        """Text of token ids before the first of the end tokens."""
        first_end = next((at for at, id_ in enumerate(ids) if id_ in ends), len(ids))
        return self.scope.tokenizer.decode(ids[:first_end])

    @torch.inference_mode()
    def perplexity(self, texts: Sequence[str], changes: Sequence[LayerChange] = ()) -> float:
        """Perplexity per token of texts, the exponential of the mean cross-entropy; first tokens aren't predicted.

        Args:
            texts: read one by one, without padding; long ones are cut to the settings' window.
            changes: features to change on every token.

        Raises:
            UsageError: no text has two tokens.
        """
        loss, tokens = 0.0, 0
        for text in texts:
            ids_1T = torch.tensor(
                [self.ids(text)[: self.scope.settings.window_tokens]], device=self.scope.device
            )
            if ids_1T.shape[1] < 2:
                continue
            changing: AbstractContextManager[None] = (
                steered(self.model, self.blocks, changes, cached=False) if changes else nullcontext()
            )
            with changing:
                logits_TV = self.model(ids_1T, use_cache=False).logits[0, :-1].float()
            loss += float(torch.nn.functional.cross_entropy(logits_TV, ids_1T[0, 1:], reduction="sum"))
            tokens += ids_1T.shape[1] - 1
        if not tokens:
            raise UsageError("perplexity needs a text of at least two tokens")
        return float(torch.tensor(loss / tokens, dtype=torch.float64).exp())  # infinite where math.exp raises

    @torch.inference_mode()
    def residual_norm(self, layer: int, texts: Sequence[str]) -> float:
        """Median norm of the residual after a block over the tokens of texts; each text's first token is left out."""
        norms: list[Tensor] = []

        def keep(_module: Any, _inputs: Any, output: Any) -> None:
            x_BTD = output[0] if isinstance(output, tuple) else output
            norms.append(x_BTD[0, 1:].float().norm(dim=1))

        handle = self.blocks[layer].register_forward_hook(keep)
        try:
            for text in texts:
                ids = self.ids(text)[: self.scope.settings.window_tokens]
                self.model(torch.tensor([ids], device=self.scope.device), use_cache=False)
        finally:
            handle.remove()
        every = torch.cat(norms)
        return float(every.median()) if every.numel() else 0.0


class _Stream:
    """Gives new text as it comes; transformers calls `put` with the prompt, then with every token."""

    def __init__(
        self, model: LanguageModel, on_text: Callable[[str], None], prompt_tokens: int, ends: list[int]
    ) -> None:
        self._model, self._on_text, self._ends = model, on_text, ends
        self._left = prompt_tokens
        self._ids: list[int] = []
        self._told = ""

    def put(self, ids: Tensor) -> None:
        """Take tokens; incomplete characters wait for their other tokens."""
        new = ids.flatten().tolist()
        skipped = min(self._left, len(new))
        self._left -= skipped
        self._ids += new[skipped:]
        text = self._model.text(self._ids, self._ends)
        if len(text) > len(self._told) and not text.endswith("\ufffd"):
            self._on_text(text[len(self._told) :])
            self._told = text

    def end(self) -> None:
        """The text is complete."""


def _same_length(order: Sequence[int], lengths: Sequence[int]) -> list[list[int]]:
    """Rows in batches of one length, at most `MOST_ROWS` each."""
    batches: list[list[int]] = []
    for row in order:
        if batches and len(batches[-1]) < MOST_ROWS and lengths[batches[-1][0]] == lengths[row]:
            batches[-1].append(row)
        else:
            batches.append([row])
    return batches


def _end_tokens(model: Any) -> list[int]:
    found = model.generation_config.eos_token_id
    found = model.config.eos_token_id if found is None else found
    if found is None:
        return []
    return list(found) if isinstance(found, list | tuple) else [int(found)]


def _devices(device: str) -> list[str]:
    return [device] if device.startswith("cuda") else []
