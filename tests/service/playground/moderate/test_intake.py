"""What comes in is read as the command line reads it, and what can't be read is counted and shown."""

import gzip
import json

import pytest
from scopesift_files.row_readers.rows import read_rows

CSV = {
    "plain": "text,label\none,toxic\ntwo,clean\n",
    "quotes": 'text,label\n"a, b",clean\n"say ""hi""",toxic\n',
    "line ends in a value": 'text,label\n"one\ntwo\n\nthree",clean\nfour,toxic\n',
    "carriage returns": 'text,label\r\n"one\r\ntwo",clean\r\nfour,toxic\r\n',
    "a stray quote": 'text,label\n"open,clean\nnext,toxic\nlast,clean\n',
    "a quote inside": 'text,label\nthe 5" disc,clean\nnext,toxic\n',
    "text after a quote": 'text,label\n"a"b,clean\nnext,toxic\n',
    "too few and too many columns": "text,label\none\ntwo,clean,3\nthree,toxic\n",
    "a quoted header": '"text","the ""label"""\none,toxic\n',
    "no final line end": 'text,label\n"one",toxic',
    "blank lines": "text,label\n\none,toxic\n   \ntwo,clean\n",
    "a byte order mark": "\ufefftext,label\none,toxic\n",
    "a column twice": "text,text\none,two\n",
    "two open quotes": 'text,label\n"a,clean\nb,clean\n"c,clean\nd,clean\n',
    "empty values": "text,label\n,\n,clean\nx,\n",
}
JSONL = {
    "plain": '{"text": "one", "label": "toxic"}\n{"text": "two", "label": 1}\n',
    "broken": '{"text": "one"}\n{"text": oops}\n["text"]\n"text"\n12\nnull\n{"text": "two"}\n',
    "blank lines": '\n{"text": "one"}\n\n',
    "other values": '{"text": "one", "label": true}\n{"text": "two", "label": null}\n{"text": "three", "label": 2.0}\n',
}


@pytest.mark.parametrize(
    ("kind", "content"),
    [*(("csv", one) for one in CSV.values()), *(("jsonl", one) for one in JSONL.values())],
)
def test_a_file_has_the_rows_and_the_bad_lines_that_the_command_line_finds(tab, tmp_path, kind, content):
    path = tmp_path / f"rows.{kind}"
    path.write_bytes(content.encode())
    expected = list(read_rows(path))
    found = tab.run(f"readRecords({json.dumps(content)}, '{kind}')")
    good = [(row.line, {name: row.value(name) for name in row.fields}) for row in expected if not row.reason]
    assert [(item["line"], item["fields"]) for item in found["records"]] == good
    assert [item["line"] for item in found["wrong"]] == [row.line for row in expected if row.reason]


@pytest.mark.parametrize("value", ["true", "1.0", "-3.0", "toxic", "0", "007", "1.5", "TRUE"])
def test_a_label_is_the_one_that_the_command_line_reads(tab, value):
    from scopesift_classifiers.labelled_rows.label_value import label_text

    assert tab.run(f"labelText({json.dumps(value)})") == label_text(value)


def test_lines_that_are_no_text_are_counted_listed_and_not_sent(tab, moderate, stage):
    moderate('text,label\ngood,toxic\n"broken,x\n,clean\nfine,clean\n')
    assert sum(stage.batches) == 2
    assert tab.run("at('wrong').firstElementChild.textContent") == "2 lines not read"
    tab.run("at('wrong').open = true")
    shown = tab.run("at('wrong').innerText")
    assert "Line 3: a quote is not closed" in shown
    assert '"broken,x' in shown
    assert "Line 4: the text is blank" in shown


def test_pasted_lines_are_one_text_each_and_semicolons_or_tabs_separate_columns_too(tab):
    kinds = {
        "hello there\nDer Zug, um acht": "lines",
        "text;label\na;b": "csv",
        "label\tcomment\nx\ty": "csv",
        '{"text": "x"}': "jsonl",
        "{not json": "lines",
    }
    assert {text: tab.run(f"kindOf({json.dumps(text)})") for text in kinds} == kinds
    found = tab.run("readRecords('text;label\\nYes, it is; no' , 'csv').records")
    assert found == [{"line": 2, "fields": {"text": "Yes, it is", "label": " no"}}]


def test_other_columns_can_be_chosen_and_the_labels_are_counted_before_anything_is_sent(tab, fill, stage):
    fill("paste", "title,said\none,yes\ntwo,no\nthree,yes")
    fill("read-as", "csv")
    assert tab.run("at('column-text').value") == "title"
    fill("column-label", "said")
    assert tab.run("at('begin').textContent") == "Classify 3 texts"
    assert tab.run("at('intake-said').textContent") == "yes · 2, no · 1"
    assert stage.batches == []


def test_a_chosen_file_is_read(tab, tmp_path, stage):
    path = tmp_path / "comments.jsonl"
    path.write_text('{"text": "eins"}\n{"text": "zwei"}\n')
    field = tab.send("Runtime.evaluate", expression="at('file')")["result"]["objectId"]
    tab.send("DOM.setFileInputFiles", files=[str(path)], objectId=field)
    tab.until("!at('begin').disabled")
    tab.run("at('begin').click()")
    tab.until("queue.rows.length === 2 && queue.rows.every((row) => row.verdicts)")
    assert "comments.jsonl" in tab.run("at('progress-said').textContent")


DROP = """((bytes, name) => {
  const carried = new DataTransfer();
  carried.items.add(new File([new Uint8Array(bytes)], name));
  document.body.dispatchEvent(new DragEvent('drop', {dataTransfer: carried, bubbles: true, cancelable: true}));
})"""


@pytest.fixture
def drop(tab):
    return lambda name, content: tab.run(f"{DROP}({json.dumps(list(content))}, {json.dumps(name)})")


def test_a_dropped_file_is_read_and_bytes_that_are_not_utf_8_are_bad_lines(tab, drop):
    drop("x.csv", "text,label\ngrün,clean\n".encode() + "süß,clean\n".encode("latin-1"))
    tab.until("at('begin').textContent === 'Classify 1 text'")
    assert "not UTF-8" in tab.run("at('intake-wrong').textContent")


def test_a_spreadsheets_utf_16_is_read(tab, drop):
    drop("x.csv", "text\tlabel\ngrün\tclean\n".encode("utf-16"))
    tab.until("at('begin').textContent === 'Classify 1 text'")
    assert tab.run("showIntake().rows[0].text") == "grün"


def test_a_compressed_file_is_refused_in_one_line(tab, drop):
    drop("x.csv.gz", gzip.compress(b"text,label\na,b\n"))
    assert "not compressed" in tab.until("!at('intake-problem').hidden && at('intake-problem').innerText")


def test_ten_thousand_characters_in_a_cell_are_classified_and_shown_in_full(tab, moderate, stage):
    long = "long words " * 910
    moderate(f'text,label\n"{long}",toxic\nshort,clean')
    assert stage.batches == [2]
    tab.run("choose(listing.rows.findIndex((row) => row.line === 2))")
    assert tab.run("at('passage-text').textContent.length") == len(long)
    assert tab.run("document.querySelector('.current .text').textContent.length") <= 400
    assert tab.run("document.querySelector('.current').offsetHeight === grid.height")


def test_rows_beyond_the_most_that_a_page_takes_are_counted(tab):
    said = tab.run(
        "(({ rows, wrong }) => [rows.length, wrong.length, wrong[0].why])"
        "(rowsOf(readRecords('line\\n'.repeat(MOST_ROWS + 5), 'lines'), { text: 'text' }))"
    )
    assert said == [20000, 5, "more than 20,000 texts"]


def test_texts_go_to_the_service_only_and_nothing_is_stored(tab, moderate, page_url):
    moderate("a secret idiot score=0.9\nanother secret")
    tab.run("choose(0)")
    tab.until("passage.kept.size === 1")
    tab.run("decideChosen('reject')")
    names = tab.run("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert names
    assert all(name.startswith(page_url) and "secret" not in name for name in names)
    kept = tab.run("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])")
    assert "secret" not in kept
    assert tab.run("indexedDB.databases().then((all) => all.length)") == 0
    assert tab.run("caches.keys().then((all) => all.length)") == 0
