"""Tiny checkpoints of every backbone family, and a model hub served over loopback."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

SIZES = {
    "vocab_size": 320,
    "hidden_size": 32,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "initializer_range": 0.2,
    "max_position_embeddings": 512,
    "bos_token_id": None,
    "eos_token_id": 0,
    "pad_token_id": 0,
}
LINEAR = {
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
VISION = {
    "depth": 2,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_heads": 2,
    "out_hidden_size": 32,
    "patch_size": 4,
}
# one full-attention block in four, as in the real ones, and a last block that is linear attention again
QWEN35_LAYERS = 6


def _qwen3():
    from transformers import Qwen3Config, Qwen3ForCausalLM

    return Qwen3ForCausalLM(Qwen3Config(**SIZES, intermediate_size=48, num_hidden_layers=4))


def _qwen3_moe():
    from transformers import Qwen3MoeConfig, Qwen3MoeForCausalLM

    return Qwen3MoeForCausalLM(Qwen3MoeConfig(**SIZES, **EXPERTS, intermediate_size=48, num_hidden_layers=4))


def _qwen3_5_text():
    from transformers import Qwen3_5TextConfig

    return Qwen3_5TextConfig(**SIZES, **LINEAR, intermediate_size=48, num_hidden_layers=QWEN35_LAYERS)


def _qwen3_5():
    from transformers import Qwen3_5ForCausalLM

    return Qwen3_5ForCausalLM(_qwen3_5_text())


def _qwen3_5_multimodal():
    from transformers import Qwen3_5Config, Qwen3_5ForConditionalGeneration

    config = Qwen3_5Config(text_config=_qwen3_5_text().to_dict(), vision_config=VISION)
    return Qwen3_5ForConditionalGeneration(config)


def _qwen3_5_moe_text():
    from transformers import Qwen3_5MoeTextConfig

    return Qwen3_5MoeTextConfig(
        **SIZES, **LINEAR, **EXPERTS, shared_expert_intermediate_size=16, num_hidden_layers=QWEN35_LAYERS
    )


def _qwen3_5_moe():
    from transformers import Qwen3_5MoeForCausalLM

    return Qwen3_5MoeForCausalLM(_qwen3_5_moe_text())


def _qwen3_5_moe_multimodal():
    from transformers import Qwen3_5MoeConfig, Qwen3_5MoeForConditionalGeneration

    config = Qwen3_5MoeConfig(text_config=_qwen3_5_moe_text().to_dict(), vision_config=VISION)
    return Qwen3_5MoeForConditionalGeneration(config)


def _llama():
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(LlamaConfig(**SIZES, intermediate_size=48, num_hidden_layers=4))


def _gpt2():
    from transformers import GPT2Config, GPT2LMHeadModel

    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=320,
            n_embd=32,
            n_layer=4,
            n_head=4,
            initializer_range=0.2,
            bos_token_id=None,
            eos_token_id=0,
        )
    )


FAMILIES = {
    "qwen3": _qwen3,
    "qwen3-moe": _qwen3_moe,
    "qwen3.5": _qwen3_5,
    "qwen3.5-multimodal": _qwen3_5_multimodal,
    "qwen3.5-moe": _qwen3_5_moe,
    "qwen3.5-moe-multimodal": _qwen3_5_moe_multimodal,
    "llama": _llama,
    "gpt2": _gpt2,
}


@pytest.fixture(scope="session", params=list(FAMILIES))
def family(request) -> str:
    return request.param


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory):
    """`checkpoints(family)`: (folder, uncut model); sharded with an index, written by transformers itself."""
    made = {}

    def checkpoint(name):
        if name not in made:
            torch.manual_seed(0)
            model = FAMILIES[name]().eval()
            folder = tmp_path_factory.mktemp(name)
            model.save_pretrained(folder, max_shard_size="60KB")
            made[name] = folder, model
        return made[name]

    return checkpoint


class FakeHub:
    """Serves `root/<org>/<name>/<file>` as huggingface_hub expects it, and counts the bytes it sends.

    `cut` names files whose connection breaks halfway; `stall` names files that stop halfway and wait.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sent: dict[str, int] = {}
        self.cut: set[str] = set()
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
        broken = name in self.cut or name in self.stall
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

    def refuse(self, request, code: str, repo: str) -> None:
        request.send_response(404)
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


@pytest.fixture
def tiny_entry():
    """The catalogue entry of the fake hub's group."""
    from scopesift_features.catalogue import CatalogueEntry

    return CatalogueEntry(
        id="tiny-w0k-l0_8", backbone=BACKBONE, sae=GROUP, d_model=32, n_layers=4, d_sae=128, k=8
    )


@pytest.fixture
def at_hub(hub, tiny_entry, tmp_path, monkeypatch):
    """The hub, with huggingface_hub in this process pointed at it and an empty cache; gives the scope's folder."""
    from huggingface_hub import constants
    from scopesift_features import catalogue, scope_list

    home = tmp_path / "home"
    monkeypatch.setattr(constants, "HF_HOME", str(home))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(home / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}"
    )
    for module in (catalogue, scope_list):
        monkeypatch.setattr(module, "catalogue", lambda: {tiny_entry.id: tiny_entry})
    return home / "scopesift" / tiny_entry.id
