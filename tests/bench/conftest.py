"""Made-up rows in the layout of the data folder."""

import gzip
import json
import random

import pytest

WORDS = ["cat", "sat", "rain", "mat", "watched", "vaccine", "large", "trial"]
INSULTS = ["you idiot, shut up", "such an idiot", "shut up!"]
TOPICS = {
    "da": {"energy": "elnet", "defense": "forsvaret", "culture": "kunsten"},
    "en": {"energy": "power grid", "defense": "the army", "culture": "museums"},
}


def write_rows(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def sentence(rng, *added):
    words = [rng.choice(WORDS) for _ in range(5)]
    for more in added:
        words.insert(rng.randrange(6), more)
    return " ".join(words)


@pytest.fixture
def textdetox_data(tmp_path):
    """A folder with `textdetox/` for four languages: half of the rows hold an insult."""
    folder = tmp_path / "data" / "textdetox"
    for lang in ("en", "ru", "es", "de"):
        rng = random.Random(lang)
        write_rows(
            folder / f"{lang}.jsonl.gz",
            (
                {
                    "text": sentence(rng, lang, *([rng.choice(INSULTS)] if row % 2 else [])),
                    "label": "toxic" if row % 2 else "clean",
                    "lang": lang,
                    "split": split,
                }
                for split, n in (("train", 60), ("dev", 30), ("test", 40))
                for row in range(n)
            ),
        )
    figures = {"a": 0.9, "b": 0.7, "c": 0.8, "Perspective 0.55": 0.2, "Qwen 2.5 (7B-L)": 0.75}
    languages = {lang: {"f1": figures} for lang in ("en", "ru")}
    published = {"source": "made up", "metric": "F1", "languages": languages}
    (folder / "published.json").write_text(json.dumps(published))
    return tmp_path / "data"


@pytest.fixture
def policy_data(tmp_path):
    """A folder with `policy/` for two languages: three topics, each with a word of its own in each language."""
    folder = tmp_path / "data" / "policy"
    for lang, topics in TOPICS.items():
        rng = random.Random(lang)
        write_rows(
            folder / f"{lang}.jsonl.gz",
            (
                {"text": sentence(rng, topics[label]), "label": label, "lang": lang, "split": split}
                for split, n in (("train", 60), ("dev", 30), ("test", 40))
                for label in (list(topics)[row % 3] for row in range(n))
            ),
        )
    languages = {lang: {"f1_weighted": {"a": 0.6, "b": 0.4}} for lang in TOPICS}
    published = {"source": "made up", "metric": "weighted F1", "languages": languages}
    (folder / "published.json").write_text(json.dumps(published))
    return tmp_path / "data"


@pytest.fixture
def change_rows():
    """`change_rows(path, change)` rewrites a file row by row."""

    def rewrite(path, change):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            rows = [change(json.loads(line)) for line in file]
        write_rows(path, rows)

    return rewrite
