"""A scope: a backbone and its sparse autoencoders at pinned revisions, ready to read texts."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from scopesift_features.backbone import Backbone, load_backbone, read_backbone_config
from scopesift_features.catalogue import CatalogueEntry, locate
from scopesift_features.errors import ScopeError, UsageError
from scopesift_features.sae import TopKSAE
from scopesift_features.sae_files import find_layers, read_config, read_safetensors
from scopesift_features.scope_folder import ScopeRecord, read_record
from scopesift_features.settings import DTYPES, ReadingSettings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


class Scope:
    """A backbone, its tokenizer and its SAEs; everything heavy is loaded when first used.

    Attributes:
        folder: where the scope lies.
        record: what its scope.json says.
        settings: how texts are read, with the precision that is in use here.
        layers: layers that have an SAE on disk.
        n_layers: blocks of the whole backbone.
        d_model, d_sae, k: sizes.
        device: "cpu", "cuda", "cuda:1", … or "auto" (the backbone spread over several GPUs by accelerate).
        dtype: precision of the backbone's arithmetic.
    """

    def __init__(
        self, folder: Path, record: ScopeRecord, entry: CatalogueEntry | None, *, device: str, dtype: str
    ) -> None:
        self.folder = folder
        self.record = record
        self.settings: ReadingSettings = replace(record.settings, dtype=dtype)
        self.device = device
        self._config = read_config(folder / "sae")
        self.n_layers = self._config.num_layers
        self.d_model = self._config.d_model
        self.d_sae = self._config.d_sae
        self.k = self._config.k
        self._check_sizes(entry)
        self.layers = find_layers(folder / "sae")
        if not self.layers:
            raise ScopeError(self._no_layers())
        self._saes: dict[int, TopKSAE] = {}
        self._backbone: Backbone | None = None

    @classmethod
    def load(cls, name_or_path: str | Path, *, device: str | None = None, dtype: str | None = None) -> Scope:
        """Open a scope; cheap, since weights are read when they are first needed.

        Args:
            name_or_path: "nano", a catalogue id, or a scope folder.
            device: a torch device, or "auto" to spread the backbone over the GPUs there are; None: a GPU if
                there is one.
            dtype: precision of the backbone; None: the scope's own, but float32 where bfloat16 is asked for
                and the GPU or processor lacks it.

        Raises:
            UsageError: unknown name, device or precision, or "auto" without accelerate.
            ScopeError: not pulled yet, or files that are missing or do not fit together.
        """
        folder, entry = locate(name_or_path)
        record = read_record(folder)
        if dtype is not None and dtype not in DTYPES:
            raise UsageError(f"dtype must be one of {', '.join(DTYPES)}, not {dtype!r}")
        chosen = device or ("cuda" if torch.cuda.is_available() else "cpu")
        if chosen == "auto" and find_spec("accelerate") is None:
            raise UsageError(
                "device 'auto' spreads the backbone over several GPUs with accelerate, which is not installed; "
                "`pip install accelerate`, or name one device"
            )
        if chosen != "auto":
            try:
                torch.empty(0, device=chosen)
            except (RuntimeError, AssertionError) as error:
                reason = str(error).split("\n")[0]
                raise UsageError(
                    f"device {chosen!r} cannot be used here ({reason}); try --device cpu"
                ) from None
        if dtype is None:
            dtype = record.settings.dtype
            if dtype == "bfloat16" and not _has_bfloat16(chosen):
                dtype = "float32"
        return cls(folder, record, entry, device=chosen, dtype=dtype)

    def only(self, layers: Iterable[int]) -> Scope:
        """The same scope, seen through some of its layers: what fits on it reads fewer SAEs, and is faster in use.

        Raises:
            ScopeError: a layer that it does not have.
        """
        narrow = copy.copy(self)
        narrow.layers = tuple(sorted(set(layers)))
        for layer in narrow.layers:
            self._check_layer(layer)
        return narrow

    @property
    def id(self) -> str:
        """The scope's name; classifiers are tied to it."""
        return self.record.id

    @property
    def dtype(self) -> torch.dtype:
        """Precision of the backbone's arithmetic."""
        dtype: torch.dtype = getattr(torch, self.settings.dtype)
        return dtype

    @property
    def sae_device(self) -> torch.device:
        """Where the SAEs are; with a spread backbone, the first GPU."""
        if self.device == "auto":
            return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
        return torch.device(self.device)

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The scope's tokenizer, without padding, truncation or added special tokens.

        Raises:
            ScopeError: tokenizer.json is missing or damaged.
        """
        from transformers import PreTrainedTokenizerFast

        path = self.folder / "backbone" / "tokenizer.json"
        if not path.is_file():
            raise ScopeError(f"{path} is missing; a backbone folder needs the model's tokenizer.json")
        try:
            tokenizer = PreTrainedTokenizerFast.from_pretrained(path.parent, local_files_only=True)
        except Exception as error:
            reason = (str(error).strip() or type(error).__name__).split("\n")[0][:200]
            raise ScopeError(
                f"{path} is not a readable tokenizer ({reason}); write or pull the scope again"
            ) from None
        tokenizer.backend_tokenizer.no_padding()
        tokenizer.backend_tokenizer.no_truncation()
        return tokenizer

    def sae(self, layer: int, *, decoder: bool = False) -> TopKSAE:
        """The SAE of a layer, on the scope's device in the settings' sae_dtype.

        Args:
            layer: one of `layers`.
            decoder: read the decoder as well; classification never needs it.

        Raises:
            ScopeError: no SAE for this layer, or a damaged file.
        """
        self._check_layer(layer)
        held = self._saes.get(layer)
        if held is not None and (held.W_dec_DF is not None or not decoder):
            return held
        path = self.folder / "sae" / f"layer{layer}.sae.safetensors"
        # what the kernels remember of weights they remember of ordinary tensors only
        with torch.inference_mode(False):
            sae = read_safetensors(
                path, self._config, decoder=decoder, dtype=getattr(torch, self.settings.sae_dtype)
            )
            device = self.sae_device
            self._saes[layer] = replace(
                sae,
                W_enc_FD=sae.W_enc_FD.to(device),
                b_enc_F=sae.b_enc_F.to(device),
                W_dec_DF=None if sae.W_dec_DF is None else sae.W_dec_DF.to(device),
                b_dec_D=None if sae.b_dec_D is None else sae.b_dec_D.to(device),
            )
        return self._saes[layer]

    def release(self, layer: int) -> None:
        """Forget a layer's SAE; it is read again when it is next asked for."""
        self._saes.pop(layer, None)

    def backbone(self, deepest: int) -> Backbone:
        """The backbone with at least the blocks 0 … `deepest`; loaded again when a deeper one is asked for.

        Raises:
            ScopeError: no such block, or damaged files.
        """
        if self._backbone is None or self._backbone.deepest < deepest:
            self._backbone = None  # freed before the deeper one is read
            folder = self.folder / "backbone"
            config = read_backbone_config(folder)
            if (config.hidden_size, config.num_hidden_layers) != (self.d_model, self.n_layers):
                raise ScopeError(
                    f"{folder / 'config.json'} has width {config.hidden_size} and {config.num_hidden_layers} "
                    f"layers, but the SAEs beside it want width {self.d_model} and {self.n_layers} layers"
                )
            self._backbone = load_backbone(folder, deepest, device=self.device, dtype=self.dtype)
        return self._backbone

    @cached_property
    def fingerprint(self) -> dict[str, str]:
        """What identifies the scope in an artifact.

        A pulled scope is identified by its revisions, so that pulling more layers later changes nothing; a
        local one by the content of all its weights.
        """
        record = self.record
        backbone, sae = self.folder / "backbone", self.folder / "sae"
        paths = [backbone / "config.json", backbone / "tokenizer.json", sae / "config.json"]
        if not (record.backbone_revision and record.sae_revision):
            paths += sorted(backbone.glob("*.safetensors")) + sorted(sae.glob("layer*.sae.safetensors"))
        digest = hashlib.sha256()
        for path in paths:
            try:
                with path.open("rb") as file:
                    content = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                raise ScopeError(
                    f"{path} cannot be read ({error.strerror}); write or pull the scope again"
                ) from None
            digest.update(f"{path.relative_to(self.folder).as_posix()} {content}\n".encode())
        return {
            "id": self.id,
            "backbone": record.backbone,
            "backbone_revision": record.backbone_revision,
            "sae": record.sae,
            "sae_revision": record.sae_revision,
            "sha256": digest.hexdigest(),
        }

    def _check_layer(self, layer: int) -> None:
        if layer in self.layers:
            return
        have = ", ".join(map(str, self.layers))
        if not 0 <= layer < self.n_layers:
            raise ScopeError(f"{self.id} has no layer {layer}; its layers are 0 to {self.n_layers - 1}")
        if self.record.sae_revision:
            remedy = f"get it with `scopesift scopes pull {self.id} --layers {layer}`"
        else:
            remedy = f"put layer{layer}.sae.safetensors into {self.folder / 'sae'}"
        raise ScopeError(f"{self.id} has no SAE for layer {layer} on disk, only for {have}; {remedy}")

    def _check_sizes(self, entry: CatalogueEntry | None) -> None:
        if entry is None or entry.id == "nano":
            return  # nano's entry is read from the same file
        found = (self.d_model, self.n_layers, self.d_sae, self.k)
        expected = (entry.d_model, entry.n_layers, entry.d_sae, entry.k)
        if found != expected:
            raise ScopeError(
                f"{self.folder / 'sae' / 'config.json'}: (d_model, layers, d_sae, k) is {found}, "
                f"but {entry.id} has {expected}; delete {self.folder} and pull it again"
            )

    def _no_layers(self) -> str:
        folder = self.folder / "sae"
        if find_layers(folder, "pt"):
            return (
                f"{folder} holds .sae.pt files only; convert them with `scopesift scopes pull {self.folder}`"
            )
        return f"{folder} holds no layer<n>.sae.safetensors; a scope needs at least one"


def _has_bfloat16(device: str) -> bool:
    """Whether the device multiplies bfloat16 in hardware (x86: with AVX512-BF16 or AMX)."""
    if device.startswith("cuda") or (device == "auto" and torch.cuda.is_available()):
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device not in ("cpu", "auto"):
        return True
    if torch.backends.cpu.get_cpu_capability() in ("DEFAULT", "AVX2"):
        return False
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
