"""Attributes for dolma's mixer, read here as its mixer reads them."""

import gzip
import json

import pytest
import zstandard
from scopesift_files.errors import InputError, UsageError
from scopesift_filtering.dolma_attributes import attributes_of, mirrored_names
from scopesift_filtering.inputs import InputFile


def lines_of(path):
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    elif path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return [json.loads(line) for line in data.splitlines()]


def mixed(documents, attributes, name):
    """What dolma's mixer does: each document with its attributes, line by line; ids must agree."""
    for path in sorted(documents.rglob("*.jsonl*")):
        other = attributes / name / path.relative_to(documents)
        for document, line in zip(lines_of(path), lines_of(other), strict=True):
            assert line.keys() == {"id", "source", "attributes"}
            assert document["id"] == line["id"]
            yield document, line["attributes"]


@pytest.fixture
def documents(tmp_path, texts):
    """Documents in files of several folders and compressions, one of them empty."""
    rows = [{"id": f"d{at}", "text": text, "source": "web"} for at, text in enumerate(texts(50))]
    rows[7] |= {"text": " "}
    rows[20] |= {"text": None}
    del rows[30]["source"]
    folder = tmp_path / "wiki" / "documents"
    (folder / "en").mkdir(parents=True)
    line = [json.dumps(row).encode() + b"\n" for row in rows]
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(b"".join(line[:40])))
    (folder / "en" / "a.jsonl.gz").write_bytes(gzip.compress(b"".join(line[40:46])))
    (folder / "en" / "b.jsonl.zst").write_bytes(zstandard.compress(b"".join(line[46:48])))
    (folder / "en" / "c.jsonl").write_bytes(b"".join(line[48:]))
    (folder / "en" / "d.jsonl.gz").write_bytes(gzip.compress(b""))
    return folder


def test_every_document_has_its_line_in_a_file_of_the_same_name(documents, run, rows_of, tmp_path):
    out = tmp_path / "out"
    run([documents], out, mode="both", where="toxicity < 0.4", attributes_format="dolma")
    found = list(mixed(documents, out / "attributes", "scopesift"))
    records = rows_of(out / "attributes")
    assert len(found) == len(records) == 50
    assert (out / "attributes" / "scopesift" / "en" / "d.jsonl.gz").is_file()
    for (document, attributes), record in zip(found, records, strict=True):
        end = len(document["text"] or "") if record["status"] != "rejected" else 0
        assert {tuple(span[:2]) for spans in attributes.values() for span in spans} == {(0, end)}
        assert f"scopesift__status__{record['status']}" in attributes
        if record["status"] == "rejected":
            assert len(attributes) == 1
            continue
        score = attributes["scopesift__toxicity__toxic"][0][2]
        assert score == pytest.approx(record["toxicity"], abs=6e-6)
        assert score == round(score, 5)
        assert ("scopesift__toxicity_flagged__toxic" in attributes) == record["toxicity_flagged"]
        assert attributes[f"scopesift__lang__{record['lang']}"][0][2] == round(record["lang_score"], 5)
        assert attributes["scopesift__lang_scores__fr"][0][2] == round(record["lang_scores"]["fr"], 5)
    assert {record["status"] for record in records} == {"kept", "dropped", "rejected"}


def test_equal_runs_give_equal_bytes_and_a_resumed_one_too(documents, run, bytes_of, tmp_path):
    settings = {"mode": "attributes", "attributes_format": "dolma"}
    run([documents], tmp_path / "one", **settings)
    run([documents], tmp_path / "two", workers=1, **settings)
    # as if killed after the first shard
    for path in (tmp_path / "two").rglob("*"):
        done = path.name == "00000-000000.json" or path.is_dir()
        if not done and (path.parent.name == "done" or "scopesift" in path.parts):
            path.unlink()
    run([documents], tmp_path / "two", resume=True, **settings)
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")
    packed = (tmp_path / "one" / "attributes" / "scopesift" / "a.jsonl.gz").read_bytes()
    assert packed[4:8] == bytes(4)  # gzip's time
    manifest = json.loads((tmp_path / "one" / "manifest.json").read_text())
    assert "attributes/scopesift/en/b.jsonl.zst" in manifest["files"]


def test_a_document_without_id_stops_the_run_with_its_place(documents, run, tmp_path):
    for bad, got in (
        (b'{"id": 7, "text": "a"}', "a number"),
        (b'{"text": "a"}', "nothing"),
        (b"{}", r"nothing \(null\)"),
    ):
        (documents / "en" / "c.jsonl").write_bytes(b'{"id": "x", "text": "a"}\n' + bad + b"\n")
        with pytest.raises(InputError, match=f"c.jsonl, line 2: .*string 'id'.*{got}"):
            run([documents], tmp_path / str(len(bad)), mode="attributes", attributes_format="dolma")


@pytest.mark.parametrize("bad", [b'{"id": "y", "text": ', b"[1]", b'{"id": "y", "text": "\xff"}'])
def test_a_line_that_cannot_be_read_stops_the_run_with_its_place(documents, run, tmp_path, bad):
    (documents / "en" / "c.jsonl").write_bytes(b'{"id": "x", "text": "a"}\n' + bad + b"\n")
    with pytest.raises(
        InputError, match=r"^c\.jsonl, line 2: the line cannot be read \(expected .*\), and --attributes"
    ) as caught:
        run([documents], tmp_path / "out", mode="attributes", attributes_format="dolma")
    assert str(caught.value).count("got") == 1


def test_inputs_without_ids_are_refused_at_the_start_with_the_first_file(write_jsonl, run, tmp_path):
    first, second = (write_jsonl(name, [{"text": "a"}]) for name in ("a.jsonl", "b.jsonl"))
    settings = {"mode": "both", "attributes_format": "dolma"}
    needs = "needs documents with an 'id', and the input"
    with pytest.raises(UsageError, match=rf"{needs} \({first}\) has the columns text; "):
        run([first], tmp_path / "out", **settings)
    with pytest.raises(UsageError, match=rf"{needs} \({first} and 1 other file\) has the columns text; "):
        run([first, second], tmp_path / "out", **settings)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mode": "split"}, "needs --mode attributes or both"),
        ({"mode": "both", "limit": 3}, "leave out --limit"),
        ({"mode": "both", "attributes_format": "arrow"}, "--attributes-format is one of records, dolma"),
    ],
)
def test_the_option_is_refused_where_it_has_no_effect(documents, run, tmp_path, settings, message):
    with pytest.raises(UsageError, match=message):
        run([documents], tmp_path / "out", **{"attributes_format": "dolma", **settings})


def names(*urls):
    return list(mirrored_names([InputFile(url, "jsonl", 1) for url in urls]).values())


def test_names_are_those_behind_documents_or_behind_the_shared_folder():
    assert names("s3://b/wiki/documents/en/a.json.gz", "/x/documents/b.jsonl") == [
        "attributes/scopesift/en/a.json.gz",
        "attributes/scopesift/b.jsonl",
    ]
    assert names("/x/y/a.jsonl", "/x/yz/a.jsonl") == [
        "attributes/scopesift/y/a.jsonl",
        "attributes/scopesift/yz/a.jsonl",
    ]
    assert names("/x/y/a.jsonl") == ["attributes/scopesift/a.jsonl"]


def test_two_files_of_one_name_and_files_that_dolma_does_not_read_are_refused():
    with pytest.raises(UsageError, match=r"two inputs would have the attributes file a\.jsonl"):
        names("/x/documents/a.jsonl", "/y/documents/a.jsonl")
    with pytest.raises(UsageError, match=r"which is what dolma reads, not a\.jsonl\.xz"):
        names("a.jsonl.xz")
    with pytest.raises(UsageError, match=r"a\.parquet"):
        mirrored_names([InputFile("a.parquet", "parquet", 1)])


def test_a_rejected_document_has_no_attribute_but_its_status(engine):
    record = {"status": "rejected", "chars": None}
    assert attributes_of(record, list(engine.classifiers.values())) == {
        "scopesift__status__rejected": [[0, 0, 1.0]]
    }
