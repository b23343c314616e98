"""The sentences of `make demo`, with the verdicts of a person.

Written before any classifier of the default scope was run on them, and not changed since, so that they are a fair
sample of a user's own sentences. They are not used for fitting or tuning. (Their first verdicts were known when posts
were added to the rows that the language classifier is fitted on.)
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sentence:
    """A text with its correct verdicts.

    Attributes:
        text: The sentence.
        toxic: It insults or threatens somebody.
        languages: ISO 639-1 codes; several for a sentence that switches language, each of which is correct.
    """

    text: str
    toxic: bool
    languages: tuple[str, ...]


SENTENCES = (
    Sentence("Shut up, you stupid idiot, nobody wants to hear your garbage.", True, ("en",)),
    Sentence("If you come near my house again I will kill you, you piece of shit.", True, ("en",)),
    Sentence("Parliament rejected the new tax law after a long debate on Tuesday night.", False, ("en",)),
    Sentence("Halt endlich die Fresse, du dämlicher Vollidiot.", True, ("de",)),
    Sentence("Der längste Fluss des Landes mündet nach drei Tälern in einen See.", False, ("de",)),
    Sentence("Ferme ta gueule, espèce de connard, tu me dégoûtes.", True, ("fr",)),
    Sentence("Les infirmières vaccinent les enfants contre la rougeole cette semaine.", False, ("fr",)),
    Sentence("Eres un imbécil de mierda y un cobarde, lárgate de aquí.", True, ("es",)),
    Sentence("El equipo entrenó bajo la lluvia antes del partido del domingo.", False, ("es",)),
    Sentence("Заткнись, тупой ублюдок, тебя никто не спрашивал.", True, ("ru",)),
    Sentence("Поезд из Казани прибывает на третий путь в шесть часов утра.", False, ("ru",)),
    Sentence("你就是个没用的蠢货，赶紧给我滚，别再出来丢人了。", True, ("zh",)),
    Sentence("चुप रह कमीने, तेरे जैसा बेवकूफ़ मैंने कभी नहीं देखा।", True, ("hi",)),
    Sentence("يدرس العلماء كيف تتكون النجوم من سحب الغاز في الفضاء.", False, ("ar",)),
    Sentence("어제 본 영화는 음악이 좋았고 배우들의 연기도 훌륭했어요.", False, ("ko",)),
    Sentence(
        "Wir treffen uns um acht vor dem Kino, and afterwards we can all go for a pizza.", False, ("de", "en")
    ),
)
