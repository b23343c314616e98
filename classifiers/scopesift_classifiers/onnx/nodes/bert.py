"""BERT's encoder, XLM-R's and e5's as ONNX nodes: post-norm blocks, exact GELU, learned positions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from scopesift_classifiers.onnx.nodes.layers import BackboneNodes

# the same modules with the same names; XLM-R-like models count positions from after the padding index
_KIN = ("bert", "roberta", "xlm-roberta")


@dataclass(frozen=True)
class BertNames:
    """Names of a model's modules; those of a block below `blocks.<number>`."""

    words: str
    positions: str
    types: str
    norm: str
    blocks: str
    query: str
    key: str
    value: str
    attended: str
    attention_norm: str
    inner: str
    outer: str
    output_norm: str


def is_plain_bert(config: Any) -> bool:
    """Whether a configuration of transformers describes an encoder that `BertNodes` supports."""
    return (
        config.model_type in _KIN
        and config.hidden_act == "gelu"
        and not config.is_decoder
        and getattr(config, "position_embedding_type", "absolute") == "absolute"
    )


class BertNodes(BackboneNodes):
    """transformers' `BertModel`, `RobertaModel` or `XLMRobertaModel` without pooler."""

    names: ClassVar[BertNames] = BertNames(
        words="embeddings.word_embeddings",
        positions="embeddings.position_embeddings",
        types="embeddings.token_type_embeddings",
        norm="embeddings.LayerNorm",
        blocks="encoder.layer",
        query="attention.self.query",
        key="attention.self.key",
        value="attention.self.value",
        attended="attention.output.dense",
        attention_norm="attention.output.LayerNorm",
        inner="intermediate.dense",
        outer="output.dense",
        output_norm="output.LayerNorm",
    )

    def embedded(self) -> str:
        """Word, token type (constant) and position embeddings, summed and normalised."""
        graph, names = self.graph, self.names
        types = self.constant(self.weights[f"{names.types}.weight"][0], f"{names.types}.weight")
        x_BTD = graph.add("Add", self.words(), types)
        place_BT = graph.add("CumSum", graph.cast(self.is_token_BT, np.int64), graph.number(1, np.int64))
        place_BT = graph.add("Sub", place_BT, graph.number(1, np.int64))
        place_BT = graph.add("Max", place_BT, graph.number(0, np.int64))  # padding before the first token
        padding = self.model.get_submodule(names.positions).padding_idx
        table = self.weights[f"{names.positions}.weight"][0 if padding is None else padding + 1 :]
        positions_BTD = graph.add(
            "Gather", self.constant(table, f"{names.positions}.weight"), place_BT, axis=0
        )
        self.bias_B11T = self.attention_bias(graph.add("Unsqueeze", self.is_token_BT, graph.ints(1, 2)))
        return self._norm(graph.add("Add", x_BTD, positions_BTD), names.norm)

    def words(self) -> str:
        """Rows of the word embedding."""
        return self.graph.add("Gather", self.weight(f"{self.names.words}.weight"), self.ids_BT, axis=0)

    def heads(self) -> int:
        """Number of attention heads."""
        return int(self.model.config.num_attention_heads)

    def block(self, x_BTD: str, layer: int) -> str:
        """Attention, then a feed-forward, each added to its input and normalised."""
        graph, names, name = self.graph, self.names, f"{self.names.blocks}.{layer}"
        attended = graph.add("Add", self._attention(x_BTD, name), x_BTD)
        x_BTD = self._norm(attended, f"{name}.{names.attention_norm}")
        inner = self._gelu(self.linear(x_BTD, f"{name}.{names.inner}"))
        outer = graph.add("Add", self.linear(inner, f"{name}.{names.outer}"), x_BTD)
        return self._norm(outer, f"{name}.{names.output_norm}")

    def _attention(self, x_BTD: str, name: str) -> str:
        graph, names, heads = self.graph, self.names, self.heads()
        width = self.weights[f"{name}.{names.query}.weight"].shape[0]
        query, key, value = (
            graph.add(
                "Reshape", self.linear(x_BTD, f"{name}.{part}"), graph.ints(0, 0, heads, width // heads)
            )
            for part in (names.query, names.key, names.value)
        )
        query = graph.add("Transpose", query, perm=[0, 2, 1, 3])
        key = graph.add("Transpose", key, perm=[0, 2, 3, 1])
        scores = graph.add("Mul", graph.add("MatMul", query, key), graph.number((width // heads) ** -0.5))
        shares = graph.add("Softmax", graph.add("Add", scores, self.bias_B11T), axis=-1)
        mixed = graph.add("MatMul", shares, graph.add("Transpose", value, perm=[0, 2, 1, 3]))
        mixed = graph.add("Transpose", mixed, perm=[0, 2, 1, 3])
        return self.linear(graph.add("Reshape", mixed, graph.ints(0, 0, width)), f"{name}.{names.attended}")

    def _gelu(self, x: str) -> str:
        """Exact GELU; an ONNX operator only from opset 20 on."""
        graph = self.graph
        error_function = graph.add("Erf", graph.add("Mul", x, graph.number(0.5**0.5)))
        half = graph.add("Mul", x, graph.number(0.5))
        return graph.add("Mul", half, graph.add("Add", error_function, graph.number(1.0)))

    def _norm(self, x: str, name: str) -> str:
        weight, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        epsilon = self.model.get_submodule(name).eps
        return self.graph.add("LayerNormalization", x, weight, bias, axis=-1, epsilon=epsilon)


class E5Nodes(BertNodes):
    """`E5Encoder`; its word embedding stays in 4 bits."""

    names: ClassVar[BertNames] = BertNames(
        words="words",
        positions="positions",
        types="types",
        norm="norm",
        blocks="blocks",
        query="query",
        key="key",
        value="value",
        attended="attended",
        attention_norm="attention_norm",
        inner="inner",
        outer="outer",
        output_norm="output_norm",
    )

    def heads(self) -> int:
        """Number of attention heads."""
        return int(self.model.blocks[0].heads)

    def words(self) -> str:
        """Rows of the word embedding, dequantised as in `PackedEmbedding`."""
        graph, table = self.graph, self.model.words
        nibbles = graph.constant(table.nibbles_VBH.cpu().numpy(), "words.nibbles")
        packed = graph.add("Gather", nibbles, self.ids_BT, axis=0)
        low = graph.add("BitwiseAnd", packed, graph.number(15, np.uint8))
        high = graph.add("BitShift", packed, graph.number(4, np.uint8), direction="RIGHT")
        values = graph.cast(graph.add("Concat", low, high, axis=-1), np.float32)
        values = graph.add("Sub", values, graph.number(8.0))
        scales = graph.constant(table.scales_VB.cpu().numpy(), "words.scales")
        scale = graph.cast(graph.add("Gather", scales, self.ids_BT, axis=0), np.float32)
        values = graph.add("Mul", values, graph.add("Unsqueeze", scale, graph.ints(-1)))
        width = self.weights["types.weight"].shape[1]
        return graph.add("Reshape", values, graph.ints(0, 0, width))
