"""Everything that the documents tell to type: it runs, or a mark before it says why no test runs it."""

import gzip
import io
import json
import sys
from contextlib import redirect_stdout

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from scopesift.cli import app
from tests.docs.blocks import ROOT, blocks, words

BLOCKS = blocks()
HERE = [block for block in BLOCKS if block.run_by is None and block.why_not() is None]
REASONS = (
    "a model hub",
    "a GPU",
    "hours",
    "minutes",
    "installs packages",
    "a server",
    "the caller's objects",
    "a browser",
)
DEMO = {
    "en": ("You are such a stupid idiot, number", "The train leaves at eight from platform"),
    "de": ("Du bist so ein blöder Idiot, Nummer", "Der Zug fährt um acht ab von Gleis"),
    "fr": ("Tu es un idiot stupide, numéro", "Le train part à huit heures de la voie"),
}
SPLITS = ("train", "train", "train", "dev", "test")


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_its_commands_have_the_options_they_are_given(block):
    for line in block.commands:
        command, given = get_command(app), words(line)
        while hasattr(command, "commands") and given[0] in command.commands:
            command, given = command.commands[given[0]], given[1:]
        command.make_context(command.name, list(given)).params  # noqa: B018


@pytest.mark.parametrize("block", HERE, ids=lambda block: block.place)
def test_it_runs(block, folder):
    if block.language == "python":
        assert printed(block.text) == block.after or not block.after
        return
    for line in block.commands:
        if block.why_not(line) is None:
            done = CliRunner().invoke(app, words(line))
            assert done.exit_code == 0, (line, done.stderr, done.exception)


def test_no_more_is_left_out_than_has_a_reason(capsys):
    told = [f"{block.place}: {block.why_not()}" for block in BLOCKS if block.why_not()]
    reasons = {block.why_not() for block in BLOCKS} - {None}
    counts = (
        f"{len(BLOCKS)} blocks: {len(HERE)} run here, {len(BLOCKS) - len(HERE) - len(told)} by other tests, "
    )
    counts += f"{len(told)} not run"
    for block in HERE:
        for line in filter(block.why_not, block.text.splitlines()):
            told.append(f"{block.place}, {line[:60]}: {block.why_not(line)}")
            reasons.add(block.why_not(line))
    with capsys.disabled():
        sys.stdout.write("\n  ".join([f"\n{counts}", *told]) + "\n")
    assert reasons <= set(REASONS)


def test_what_another_test_runs_is_named_there():
    for block in BLOCKS:
        if block.run_by:
            page = block.place.partition(":")[0].rpartition("/")[2]
            assert page in (ROOT / block.run_by).read_text(encoding="utf-8"), block.place


def printed(code):
    out = io.StringIO()
    with redirect_stdout(out):
        exec(code, {})
    return out.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the files that the documents name, of made-up rows; all commands run in it, one after the other."""
    place = tmp_path_factory.mktemp("docs")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("SCOPESIFT_CACHE", "off")
        many, german = rows(DEMO, 40), rows(["de"], 20)
        # a false-positive rate of 5% takes 59 negative dev rows
        dev = [{**row, "text": f"{row['text']}!", "split": "dev"} for row in rows(["en"], 130)]
        for name in ("comments.jsonl", "comments.jsonl.gz", "other-comments.jsonl", "many-languages.jsonl"):
            write(place / name, many + dev)
        for name in (
            "en.jsonl.gz",
            "en.jsonl",
            "train.jsonl.gz",
            "test.jsonl.gz",
            "train.jsonl",
            "test.jsonl",
        ):
            write(place / name, rows(["en"], 60))
        write(place / "german.jsonl", german)
        bare = [{"text": row["text"]} for row in many]
        for name in (
            "new-comments.jsonl",
            "posts.jsonl",
            "prompts.jsonl",
            "posts/one.jsonl.gz",
            "crawl/one.jsonl.gz",
        ):
            write(place / name, bare)
        for name in ("gsm8k-train.jsonl.gz", "gsm8k-test.jsonl.gz", "humaneval.jsonl.gz"):
            write(place / name, bare * 2)
        bundled = ROOT / "scopesift" / "bundled" / "e5" / "classifiers" / "toxicity.json"
        (place / "toxicity.json").write_bytes(bundled.read_bytes())
        yield place


def rows(languages, n):
    return [
        {
            "text": f"{DEMO[lang][number % 2]} {number}",
            "label": "clean" if number % 2 else "toxic",
            "lang": lang,
            "split": SPLITS[number // 2 % 5],
        }
        for lang in languages
        for number in range(n)
    ]


def write(path, found):
    path.parent.mkdir(exist_ok=True)
    content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
