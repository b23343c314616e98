"""A model hub served over loopback, and a scope's place that pulls from it."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import types
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch


class FakeHub:
    """Serves `root/<org>/<name>/<file>` as huggingface_hub expects it, and counts the bytes it sends.

    `cut` names files whose connection breaks halfway, `cut_once` those where it does so once; `stall` names
    files that stop halfway and wait; `token` is what a request must bring.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sent: dict[str, int] = {}
        self.cut: set[str] = set()
        self.cut_once: set[str] = set()
        self.token: str | None = None
        self.stall: set[str] = set()
        self.stalled = threading.Event()
        self.release = threading.Event()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_args):
                pass

            def do_HEAD(self):
                hub.answer(self, body=False)

            def do_GET(self):
                hub.answer(self, body=True)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def commit(self, repo: str) -> str:
        return hashlib.sha1(repo.encode()).hexdigest()

    def answer(self, request, *, body: bool) -> None:
        repo, found, rest = request.path.lstrip("/").partition("/resolve/")
        revision, _, name = rest.partition("/")
        path = self.root / repo / name
        if not found or not (self.root / repo).is_dir():
            return self.refuse(request, "RepoNotFound", repo)
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return self.refuse(request, "GatedRepo", repo, status=403)
        if revision not in ("main", self.commit(repo)):
            return self.refuse(request, "RevisionNotFound", repo)
        if not path.is_file():
            return self.refuse(request, "EntryNotFound", repo)
        content = path.read_bytes()
        start = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        request.send_response(206 if start else 200)
        request.send_header("X-Repo-Commit", self.commit(repo))
        request.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        request.send_header("Accept-Ranges", "bytes")
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        request.send_header("Content-Length", str(len(content) - start))
        request.end_headers()
        if body:
            self.send(request, name, content[start:])
        return None

    def send(self, request, name: str, content: bytes) -> None:
        broken = name in self.cut | self.cut_once | self.stall
        self.cut_once.discard(name)
        part = content[: len(content) // 2] if broken else content
        try:
            request.wfile.write(part)
            request.wfile.flush()
        except OSError:
            return
        self.sent[name] = self.sent.get(name, 0) + len(part)
        if name in self.stall:
            self.stalled.set()
            self.release.wait(60)
        if broken:
            request.close_connection = True
            request.connection.close()

    def first_shard(self) -> str:
        """The shard of block 0."""
        index = json.loads((self.root / BACKBONE / "model.safetensors.index.json").read_text())
        return index["weight_map"]["model.layers.0.mlp.up_proj.weight"]

    def refuse(self, request, code: str, repo: str, status: int = 404) -> None:
        request.send_response(status)
        request.send_header("X-Error-Code", code)
        request.send_header("X-Repo-Commit", self.commit(repo))
        request.send_header("Content-Length", "0")
        request.end_headers()


GROUP = "Tiny/SAE-Res-Tiny-W0K-L0_8"
BACKBONE = "Tiny/Tiny-Base"


@pytest.fixture
def hub(tmp_path, checkpoints, random_saes):
    """A hub that holds one group `tiny-w0k-l0_8` of 4 layers over a sharded Qwen3, in Qwen-Scope's layout."""
    import shutil

    folder, _ = checkpoints("qwen3")
    root = tmp_path / "hub"
    shutil.copytree(folder, root / BACKBONE)
    from tokenizers import Tokenizer, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.save(str(root / BACKBONE / "tokenizer.json"))
    (root / BACKBONE / "tokenizer_config.json").write_text('{"tokenizer_class": "Qwen2Tokenizer"}')
    group = root / GROUP
    group.mkdir(parents=True)
    config = {"model_type": "topk_sae", "hook_point": "resid_post", "base_model": BACKBONE}
    config |= {"d_model": 32, "d_sae": 128, "k": 8, "num_layers": 4}
    (group / "config.json").write_text(json.dumps(config))
    for sae in random_saes():
        tensors = {"W_enc": sae.W_enc_FD, "b_enc": sae.b_enc_F, "W_dec": sae.W_dec_DF, "b_dec": sae.b_dec_D}
        torch.save(tensors, group / f"layer{sae.layer}.sae.pt")
    served = FakeHub(root)
    yield served
    served.release.set()
    served.server.shutdown()
    served.server.server_close()


INSTRUCT = "Tiny/Tiny"


@pytest.fixture
def instruct(hub):
    """The hub, with a post-trained model beside the group's backbone: the same sizes, other weights."""
    import shutil

    from safetensors.torch import load_file, save_file

    shutil.copytree(hub.root / BACKBONE, hub.root / INSTRUCT)
    for path in (hub.root / INSTRUCT).glob("*.safetensors"):
        weights = {key: value * 1.1 for key, value in load_file(path).items()}
        save_file(weights, path, metadata={"format": "pt"})
    return hub


@pytest.fixture
def tiny_entry():
    """The catalogue entry of the fake hub's group."""
    from scopesift_features.catalogue.entry import CatalogueEntry
    from scopesift_features.catalogue.qwen_scope import QWEN_SETTINGS

    sizes = {"d_model": 32, "n_layers": 4, "d_sae": 128, "k": 8}
    return CatalogueEntry("tiny-w0k-l0_8", BACKBONE, GROUP, **sizes, settings=QWEN_SETTINGS)


@pytest.fixture
def at_hub(hub, tiny_entry, tmp_path, monkeypatch):
    """The hub, with huggingface_hub in this process pointed at it and an empty cache; gives the scope's folder."""
    from huggingface_hub import constants
    from scopesift_features.catalogue import listing, table

    home = tmp_path / "home"
    monkeypatch.setattr(constants, "HF_HOME", str(home))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(home / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}"
    )
    for module in (table, listing):
        monkeypatch.setattr(module, "catalogue", lambda: {tiny_entry.id: tiny_entry})
    return home / "scopesift" / tiny_entry.id


@pytest.fixture
def modelscope(hub, monkeypatch):
    """A stand-in for ModelScope's client that reads the hub's files from the disk."""

    def model_file_download(*, model_id, file_path, revision, local_dir=None):
        path = hub.root / model_id / file_path
        if not path.is_file():
            raise type("NotExistError", (Exception,), {})(f"{file_path} does not exist")
        return str(path)

    client = types.ModuleType("modelscope.hub.file_download")
    client.model_file_download = model_file_download
    monkeypatch.setitem(sys.modules, "modelscope.hub.file_download", client)
    monkeypatch.setitem(sys.modules, "modelscope.hub", types.ModuleType("modelscope.hub"))
    monkeypatch.setitem(sys.modules, "modelscope", types.ModuleType("modelscope"))


@pytest.fixture
def contents():
    """`contents(folder)`: SHA-256 of every file, by relative path."""

    def contents(folder):
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    return contents
