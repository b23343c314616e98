"""datatrove: in a pipeline of its own, with readers, writers and the reasons of dropped documents."""

import gzip
import json

import pytest
from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from scopesift_files.errors import UsageError

from scopesift import Scorer
from scopesift.datatrove import ScopesiftFilter, ScopesiftLabeller


def lines_of(folder):
    paths = sorted(folder.glob("*.jsonl.gz"))
    return [json.loads(line) for path in paths for line in gzip.decompress(path.read_bytes()).splitlines()]


def test_a_pipeline_keeps_labelled_documents_and_writes_the_others_with_their_reason(
    documents, scorer, tmp_path
):
    (tmp_path / "in").mkdir()
    # its reader leaves out documents without text
    data = "".join(json.dumps(row) + "\n" for row in documents)
    (tmp_path / "in" / "a.jsonl").write_text(data)
    pipeline = [
        JsonlReader(str(tmp_path / "in")),
        ScopesiftFilter(scorer, exclusion_writer=JsonlWriter(str(tmp_path / "dropped"))),
        JsonlWriter(str(tmp_path / "kept")),
    ]
    LocalPipelineExecutor(pipeline, logging_dir=str(tmp_path / "logs")).run()
    kept, dropped = lines_of(tmp_path / "kept"), lines_of(tmp_path / "dropped")
    assert {row["metadata"]["scopesift_status"] for row in kept} == {"kept"}
    assert all(row["metadata"]["filter_reason"] == row["metadata"]["scopesift_reason"] for row in dropped)
    assert {"no_text", "too_long"} <= {row["metadata"]["filter_reason"] for row in dropped}
    assert len(kept) + len(dropped) == sum(bool(row["text"]) for row in documents)
    assert kept[0]["metadata"]["lang"] == "en"


def test_one_document_is_judged_as_in_a_batch(scorer):
    texts = ["You are such an idiot, shut up!", "La economía creció un tres por ciento.", " "]
    one_by_one = [ScopesiftFilter(scorer).filter(Document(text=text, id="a")) for text in texts]
    batch = ScopesiftFilter(scorer).filter_batch([Document(text=text, id="a") for text in texts])
    assert one_by_one == batch
    assert batch[2] == (False, "no_text")


def test_metadata_with_a_name_of_ours_is_refused(scorer):
    document = Document(text="a cat", id="a", metadata={"lang": "en"})
    with pytest.raises(UsageError, match="has a column 'lang' already"):
        ScopesiftLabeller(scorer).filter(document)
    assert document.metadata == {"lang": "en"}


def test_a_filter_needs_a_condition():
    with pytest.raises(UsageError, match="the scorer has no condition"):
        ScopesiftFilter(Scorer(scope="nano"))
