"""A scope on disk: scope.json, backbone/ and sae/."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from scopesift_files.atomic import read_json, write_atomically, write_json
from scopesift_files.errors import ScopeError
from torch import Tensor

from scopesift_features.catalogue.package_file import PackageFile
from scopesift_features.catalogue.settings import ReadingSettings
from scopesift_features.sae.autoencoder import SparseAutoencoder
from scopesift_features.sae.files import SAEConfig, find_layers, write_safetensors
from scopesift_features.tensor_file import write_tensors

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

FORMAT = "scopesift-scope"
VERSION = 1
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class ScopeRecord:
    """The content of scope.json.

    Attributes:
        id: the scope's name; artifacts refer to it.
        settings: how texts are read.
        licence: of the weights.
        backbone, sae: where the weights come from (a hub id, or the scope's own name).
        backbone_revision, sae_revision: the commits they were pulled at; "" when made locally.
        package: the data file of a Python package with the backbone; None: backbone/.
        files: SHA-256 of the converted `.sae.pt` files by name; may be empty. Not part of the scope's identity: that is
            the revisions of a pulled scope, or the content of a local scope's safetensors.
    """

    id: str
    settings: ReadingSettings
    licence: str
    backbone: str
    sae: str
    backbone_revision: str = ""
    sae_revision: str = ""
    package: PackageFile | None = None
    files: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write scope.json; last, because a folder with scope.json counts as a scope."""
        content: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "id": self.id,
            "licence": self.licence,
        }
        content |= {"backbone": self.backbone, "backbone_revision": self.backbone_revision}
        content |= {"sae": self.sae, "sae_revision": self.sae_revision}
        if self.package is not None:
            content["package"] = self.package.to_dict()
        content["settings"] = self.settings.to_dict()
        if self.files:
            content["files"] = dict(self.files)
        write_json(folder / "scope.json", content)


def read_record(folder: Path) -> ScopeRecord:
    """Read scope.json.

    Raises:
        ScopeError: missing, not JSON, another format, a newer version, or impossible settings.
    """
    path = folder / "scope.json"
    remedy = f"beside backbone/ and sae/, `scopesift scopes pull {folder}` writes one"
    content = read_json(path, remedy)
    if content.get("format", FORMAT) != FORMAT:
        raise ScopeError(f"{path}: format is {content['format']!r}, expected {FORMAT!r}")
    version = content.get("version", VERSION)
    if version != VERSION:
        raise ScopeError(
            f"{path}: version is {version!r}, this scopesift reads version {VERSION}; update scopesift"
        )
    name, settings = content.get("id"), content.get("settings", {})
    if not isinstance(name, str) or not name:
        raise ScopeError(f"{path}: id should be a name, not {name!r}")
    if not isinstance(settings, dict):
        raise ScopeError(f"{path}: settings should be an object, not {settings!r}")
    package = content.get("package")
    if not isinstance(package, dict | None):
        raise ScopeError(f"{path}: package should be an object, not {package!r}")
    hashes = content.get("files", {})
    if not isinstance(hashes, dict) or not all(isinstance(value, str) for value in hashes.values()):
        raise ScopeError(f"{path}: files should map names to SHA-256, not be {hashes!r}")
    try:
        reading = ReadingSettings.from_dict(settings)
        packaged = None if package is None else PackageFile.from_dict(package)
    except ScopeError as error:
        raise ScopeError(f"{path}: {error}") from None
    return ScopeRecord(
        id=name,
        settings=reading,
        licence=str(content.get("licence", "")),
        backbone=str(content.get("backbone", name)),
        sae=str(content.get("sae", name)),
        backbone_revision=str(content.get("backbone_revision", "")),
        sae_revision=str(content.get("sae_revision", "")),
        package=packaged,
        files=hashes,
    )


def record_files(folder: Path, sha256: Mapping[str, str]) -> None:
    """Add hashes of converted files to scope.json, leaving other fields unchanged.

    Args:
        folder: the scope's folder.
        sha256: hash of each layer's file, by name.

    Raises:
        ScopeError: as `read_record`, or the file can't be written.
    """
    files = {**read_record(folder).files, **sha256}
    ordered = dict(
        sorted(files.items(), key=lambda item: [int(number) for number in _NUMBER.findall(item[0])])
    )
    path = folder / "scope.json"
    write_json(path, {**read_json(path, "pull the scope again"), "files": ordered})


def write_local_scope(
    folder: Path,
    *,
    id: str,
    settings: ReadingSettings,
    licence: str,
    backbone_config: Mapping[str, Any],
    backbone_state: Mapping[str, Tensor],
    tokenizer: PreTrainedTokenizerFast,
    saes: Sequence[SparseAutoencoder],
    storage_dtype: torch.dtype = torch.float32,
) -> None:
    """Write a whole scope; every file atomically, and scope.json last.

    Args:
        folder: created if needed; SAE files of layers that are not in `saes` are removed.
        id: the scope's name.
        settings: how texts are read.
        licence: of the weights.
        backbone_config: transformers' configuration as a dictionary.
        backbone_state: transformers' state dictionary; an LM head is left out.
        tokenizer: a fast tokenizer.
        saes: one or more SAEs with decoders, all of one size.
        storage_dtype: precision on disk.

    Raises:
        ScopeError: no SAE, SAEs of different sizes, values too large for storage_dtype, or a file can't be written.
    """
    if not saes:
        raise ScopeError("a scope needs at least one SAE")
    sizes = {(sae.model_type, sae.d_model, sae.d_sae, sae.membership().get("k")) for sae in saes}
    if len(sizes) > 1:
        raise ScopeError(
            f"the SAEs of a scope must share their kind, d_model, d_sae and k; found {sorted(sizes)}"
        )
    model_type, d_model, d_sae, k = sizes.pop()
    (folder / "scope.json").unlink(missing_ok=True)
    write_backbone(folder / "backbone", backbone_config, backbone_state, tokenizer, storage_dtype)
    sae_folder = folder / "sae"
    num_layers = int(backbone_config["num_hidden_layers"])
    SAEConfig(id, d_model, d_sae, k, num_layers, model_type).write(sae_folder)
    written = {write_safetensors(sae, sae_folder, dtype=storage_dtype) for sae in saes}
    for layer in find_layers(sae_folder):
        path = sae_folder / f"layer{layer}.sae.safetensors"
        if path not in written:
            path.unlink()
    ScopeRecord(id=id, settings=settings, licence=licence, backbone=id, sae=id).write(folder)


def write_backbone(
    folder: Path,
    config: Mapping[str, Any],
    state: Mapping[str, Tensor],
    tokenizer: PreTrainedTokenizerFast,
    storage_dtype: torch.dtype,
) -> None:
    """Write config.json, model.safetensors, tokenizer.json and tokenizer_config.json, each atomically.

    Raises:
        ScopeError: values too large for storage_dtype, or a file can't be written.
    """
    stored = {
        key: value.detach().to("cpu", storage_dtype).contiguous()
        for key, value in state.items()
        if not key.startswith("lm_head.")
    }
    for key, value in stored.items():
        if not bool(torch.isfinite(value.float().sum())):
            raise ScopeError(f"{folder}: {key} is not finite in {storage_dtype}; store it in a wider type")
    write_json(folder / "config.json", config)
    write_tensors(folder / "model.safetensors", stored)
    write_atomically(folder / "tokenizer.json", lambda path: tokenizer.backend_tokenizer.save(str(path)))
    special = {
        name: str(token) for name, token in tokenizer.special_tokens_map.items() if isinstance(token, str)
    }
    write_json(folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", **special})
