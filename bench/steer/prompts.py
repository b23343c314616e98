"""Prompts and neutral texts of `python -m bench steer`, made here so that nothing has to be fetched."""

from __future__ import annotations

import random
from itertools import product

OPENINGS = (
    "Yesterday",
    "In the morning,",
    "Last year",
    "After lunch",
    "On the way home,",
    "A week ago",
    "At the end of the day,",
    "Before dinner",
    "In the autumn",
    "One evening",
)
SUBJECTS = (
    "my sister told me that",
    "the old man said that",
    "we talked about",
    "I was thinking about",
    "the teacher explained that",
    "our neighbour asked whether",
    "a friend of mine wrote that",
    "they began to discuss",
    "she remembered that",
    "I read that",
    "somebody wanted to know whether",
    "the children believed that",
    "he finally understood that",
    "people were saying that",
)
FRENCH_OPENINGS = (
    "Hier soir,",
    "Ce matin,",
    "Dans la rue,",
    "Après le dîner,",
    "En automne,",
    "Le lendemain,",
    "À la maison,",
    "Chaque été,",
    "Un jour,",
    "Pendant la nuit,",
)
FRENCH_SUBJECTS = (
    "ma sœur m'a dit que",
    "le vieil homme a dit que",
    "nous avons parlé de",
    "je pensais à",
    "la maîtresse a expliqué que",
    "notre voisin a demandé si",
    "un ami m'a écrit que",
    "elle se souvenait que",
    "les enfants croyaient que",
    "on disait que",
)
SPORT_OPENINGS = (
    "In the second half,",
    "After the break,",
    "In the final,",
    "At the stadium,",
    "In the last minute,",
    "This season,",
    "In the first round,",
    "On Saturday,",
    "At the tournament,",
    "In extra time,",
)
SPORT_SUBJECTS = (
    "the striker scored",
    "the team won the match",
    "the goalkeeper saved",
    "the coach changed the players",
    "the champion ran",
    "the club lost the game",
    "our captain passed the ball",
    "the runners reached the finish",
    "the fans cheered the goal",
    "the referee stopped the match",
)
ELICITING = {
    "fr": (FRENCH_OPENINGS, FRENCH_SUBJECTS),
    "sports": (SPORT_OPENINGS, SPORT_SUBJECTS),
}
NEUTRAL = (
    "The bus stops in front of the library every ten minutes.",
    "She put the keys on the kitchen table and opened the window.",
    "It rained all afternoon, so we stayed inside and played cards.",
    "The shop on the corner sells bread, milk and newspapers.",
    "He forgot his umbrella on the train and had to walk home in the rain.",
    "There is a small park behind the school with a few benches.",
    "We usually have dinner at seven and watch the news afterwards.",
    "The new road will connect the village with the town by next spring.",
    "Please leave the box by the door if nobody is at home.",
    "My grandmother keeps old letters in a drawer of her desk.",
    "The museum is closed on Mondays, but the garden stays open.",
    "They painted the fence green and planted roses along the path.",
    "A quiet evening with a good book is all I need after work.",
    "The meeting was moved to Thursday because two people were ill.",
    "You can see the mountains from the top of the tower on a clear day.",
    "The soup needs a little more salt and should cook for another hour.",
    "Our flight was delayed, and we had to spend the night at the airport.",
    "The cat slept on the warm stones while the children played nearby.",
    "He repaired the old radio and gave it to his neighbour.",
    "The letter arrived three weeks late and without a stamp.",
    "In winter the lake freezes, and people skate on it until March.",
    "She learned to ride a bicycle when she was six years old.",
    "The bakery opens at five, long before most people get up.",
    "We measured the room twice before we ordered the carpet.",
    "The lights went out, and everyone waited until they came back.",
    "A photograph of the harbour hangs above the fireplace.",
    "The students handed in their essays on the last day of term.",
    "It takes about an hour to walk around the whole island.",
    "The painter used only three colours for the entire picture.",
    "I met an old friend by chance in a café near the station.",
    "The river carries less water in August than in any other month.",
    "They sold their house and moved to a flat in the city.",
)


def neutral_prompts() -> list[str]:
    """140 beginnings of English sentences about nothing in particular, in a fixed random order."""
    return _mixed(OPENINGS, SUBJECTS)


def eliciting_prompts(label: str) -> list[str]:
    """100 beginnings that a text of this label continues; none for an unknown label."""
    return _mixed(*ELICITING[label]) if label in ELICITING else []


def _mixed(openings: tuple[str, ...], subjects: tuple[str, ...]) -> list[str]:
    found = [f"{opening} {subject}" for opening, subject in product(openings, subjects)]
    random.Random(0).shuffle(found)  # noqa: S311
    return found
