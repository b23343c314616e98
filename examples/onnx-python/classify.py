"""Classify with an exported file, onnxruntime, tokenizers and numpy alone: `python classify.py GRAPH.onnx TEXT…`."""

import json
import sys
from pathlib import Path

import numpy as np
from onnxruntime import InferenceSession
from tokenizers import Tokenizer


def classify(graph: Path, texts: list[str]) -> list[tuple[str, float]]:
    """Label and score of every text, by a graph that was exported with its backbone.

    A graph with rules for single languages judges by its default rule here; `language` chooses others.
    """
    about = json.loads(Path(f"{graph}.json").read_text())
    classifier, reading = about["classifier"], about["reading"]
    tokenizer = Tokenizer.from_file(str(graph.parent / "tokenizer.json"))
    tokenizer.encode_special_tokens = True  # a special token that is spelled out in a text is ordinary text
    if reading.get("restore"):
        # needs numpy and confusable-homoglyphs, no torch
        from scopesift_features.restoring.restore import restored

        texts = restored(texts, True)
    prefix, suffix, overlap = reading["prefix_ids"], reading["suffix_ids"], reading["overlap_tokens"]
    room = reading["window_tokens"] - len(prefix) - len(suffix)
    rows, document = [], []
    for number, text in enumerate(texts):
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        for begin in range(0, max(1, len(ids) - overlap), room - overlap):
            rows.append(prefix + ids[begin : begin + room] + suffix)
            document.append(number)
    longest = max(map(len, rows))
    ids = np.array([row + [0] * (longest - len(row)) for row in rows], dtype=np.int64)
    mask = np.array([[1] * len(row) + [0] * (longest - len(row)) for row in rows], dtype=np.int64)
    feeds = {"ids": ids, "mask": mask, "document": np.array(document, dtype=np.int64)}
    if classifier["languages"]:
        feeds["language"] = np.full(len(texts), -1, dtype=np.int64)
    label, score = InferenceSession(graph).run(["label", "score"], feeds)
    names = dict(enumerate(classifier["labels"]))
    return [
        (names.get(int(one), classifier["unknown"]), float(how))
        for one, how in zip(label, score, strict=True)
    ]


if __name__ == "__main__":
    answers = classify(Path(sys.argv[1]), sys.argv[2:])
    for text, (label, score) in zip(sys.argv[2:], answers, strict=True):
        print(f"{label}\t{score:.3f}\t{text}")
