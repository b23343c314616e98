"""The rows of task-type, on small data in the layout that it expects."""

import gzip
import json
import lzma

import pytest

from recipes.task_type import code, passages, rows
from recipes.task_type.measuring import OWN_TEXTS
from recipes.task_type.rows import LABELS, sentences_of_other_languages, task_rows
from recipes.task_type.splits import Passage

SPLITS = ("train", "dev", "test")
CHOICES = "\nyes\nno\nperhaps\nnever"


def write(path, records):
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(record) + "\n" for record in records)


def question(subject, split, number):
    text = f"Which {subject} of {split} is number {number}?{CHOICES}"
    return {"text": text, "domain": subject, "lang": "en", "source": "mmlu"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    stories = {"train": range(40), "test": range(30, 70)}
    for part, numbers in stories.items():
        problems = [f"{'Jo ' * number}has {number + len(part)} apples. How many?" for number in numbers]
        write(
            folder / "benchmarks" / f"gsm8k-{part}.jsonl.gz",
            [{"text": text, "source": part} for text in problems],
        )
    write(
        folder / "benchmarks" / "humaneval.jsonl.gz", [{"text": "def f():\n    pass", "source": "humaneval"}]
    )
    for split in SPLITS:
        questions = [question(subject, split, n) for subject in ("law", "history", "math") for n in range(20)]
        sentences = [
            {"text": f"A {split} sentence {n} {lang}", "domain": "travel", "lang": lang, "source": "sib200"}
            for lang in ("en", "de")
            for n in range(10)
        ]
        write(folder / "domain" / f"{split}.jsonl.gz", [*questions, *sentences])
    pages = [
        f'"I am number {n}," said the first. "So am I." "Then we are two." "That is one too many for us." '
        "They looked at each other for a long time, then at the floor, and at the two hats that hung beside the door."
        for n in range(60)
    ]
    long = "which nobody who lived in the valley had expected, although the signs had been there since spring"
    pages += [
        f"In year {n} the river rose above the old bridge, {long}. The mill was lost, {long}."
        for n in range(60)
    ]
    pages += [
        f"tool{n}: Show the state of a thing and of its parts. " + "List the parts. " * 12 for n in range(60)
    ]
    pages += [f"the film {n} is dull . " + "the plot has holes . " * 12 for n in range(60)]
    for name in rows.POSTS:
        posts = [
            {"text": f"@user what a {name} day {n} {split}", "label": "clean", "source": name, "split": split}
            for split in SPLITS
            for n in range(20)
        ]
        write(folder / name / "en.jsonl.gz", posts)
    (folder / "pretrain").mkdir()
    with lzma.open(folder / "pretrain" / "en.txt.xz", "wt", encoding="utf-8") as stream:
        stream.writelines(page + "\n" for page in pages)
    return folder


@pytest.fixture(autouse=True)
def few_snippets(monkeypatch):
    found = [
        Passage(f"int f{n}(void) {{\n  return {n};\n}}", f"f{n % 20}.h", "c" if n % 2 else "c++")
        for n in range(80)
    ]
    monkeypatch.setattr(code, "snippets", lambda: iter(found))
    paragraph = "Returns the number of things in the box, which is never less than the number of its sides."
    sources = [(f"m{n}.py", f'"""{paragraph} In box {n} as in all."""') for n in range(60)]
    monkeypatch.setattr(passages, "modules", lambda: iter(sources))


def test_every_split_has_every_label_and_no_text_is_in_two(data):
    by_split = {split: task_rows(data, split) for split in SPLITS}
    assert [tuple(found.classes) for found in by_split.values()] == [LABELS] * 3
    texts = [text for found in by_split.values() for text in found.texts]
    assert len(texts) == len(set(texts))


def test_rows_are_taken_evenly_from_the_sources_of_a_label(data, monkeypatch):
    monkeypatch.setattr(rows, "PER_CLASS", dict.fromkeys(SPLITS, 10))
    found = task_rows(data, "train")
    prose = [source for source, label in zip(found.sources, found.labels, strict=True) if label == "prose"]
    assert len(prose) == 10
    assert {prose.count(source) for source in prose} == {2}


def test_a_story_that_differs_in_its_numbers_alone_is_not_tested_on(data):
    maths = [text for text, label in zip(*both(task_rows(data, "test")), strict=True) if label == "maths"]
    assert len(maths) == 30
    assert all(text.count("Jo") >= 40 for text in maths)


def test_some_questions_lose_their_choices_and_no_other_label_has_questions_of_mmlu(data):
    found = task_rows(data, "train")
    asked = [text for text, label in zip(*both(found), strict=True) if label == "knowledge"]
    with_choices = sum(text.endswith(CHOICES) for text in asked)
    assert 0 < with_choices < len(asked)
    assert not any("math" in text for text in asked)


def test_every_second_post_has_no_stand_in_for_a_name(data):
    posts = [text for text, label in zip(*both(task_rows(data, "train")), strict=True) if label == "post"]
    assert len(posts) == 60
    assert 0 < sum("@user" in text for text in posts) < len(posts)


def test_prompts_of_humaneval_are_only_tested_on(data):
    sources = {split: task_rows(data, split).sources for split in SPLITS}
    assert "humaneval" in sources["test"]
    assert "humaneval" not in sources["train"] + sources["dev"]


def test_sentences_of_other_languages_are_prose(data):
    found = sentences_of_other_languages(data)
    assert set(found.langs) == {"de"}
    assert set(found.labels) == {"prose"}


def test_the_texts_that_were_written_for_it_have_all_labels_equally_often():
    own = rows.read_labelled(OWN_TEXTS)
    assert {own.labels.count(label) for label in LABELS} == {12}
    assert len({*own.langs}) == 6


def both(found):
    return found.texts, found.labels
