"""Texts of the service's benchmarks: short posts of mixed length in several scripts."""

from __future__ import annotations

import random

WORDS = (
    "the train to the city was late again and nobody told us why it had stopped bitch court vaccine goal hotel beach",
    "der Zug kommt heute nicht wieder und wir warten am Bahnhof la economía creció mucho este año según el ministro",
    "сегодня хорошая погода и мы идём гулять 这座城市的人口 超过八百万 今日は暑いですね 오늘 저녁에 친구들과",
    "المطار قريب من وسط المدينة सरकार ने किसानों के लिए bugün hava çok güzel les chercheurs ont mesuré la vitesse",
)
SHORTEST, LONGEST = 5, 24


def post_texts(count: int, seed: int = 0) -> list[str]:
    """`count` texts of 5 to 24 words, each from one line of `WORDS`.

    Args:
        count: Number of texts.
        seed: Random seed.
    """
    chance = random.Random(seed)  # noqa: S311
    lines = [line.split() for line in WORDS]
    return [
        " ".join(chance.choices(chance.choice(lines), k=chance.randint(SHORTEST, LONGEST)))
        for _ in range(count)
    ]
