"""A table of replacements as a normaliser of Hugging Face's `tokenizers`, for exported tokenizers."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from scopesift_files.counted import counted
from scopesift_files.errors import ScopeError

if TYPE_CHECKING:
    from tokenizers import normalizers

_BETWEEN = r"(?<=[\s\S])(?=[\s\S])"


def portable_normaliser(
    replacements: Mapping[int, str], vocabulary: frozenset[str]
) -> normalizers.Normalizer:
    """Canonical composition, then the table, as `Normaliser` does it: the same tokens for every text.

    The format has no table of code points, and a step for each of thousands of entries would be too slow. NFKC makes
    most of the replacements; separators are inserted between characters before it and removed after it, so that results
    are not composed with their neighbours. Entries that NFKC treats differently are replaced before; characters that it
    must not change are mapped to placeholders and back. Placeholders are characters that the table deletes, so no text
    contains them.

    Args:
        replacements: code point to its replacement.
        vocabulary: every character that occurs in the vocabulary's pieces.

    Raises:
        ScopeError: the table deletes too few characters to use as placeholders.
    """
    from tokenizers import Regex, normalizers

    own: dict[str, list[int]] = {}
    for point, replacement in replacements.items():
        if _is_composed(point) and unicodedata.normalize("NFKC", chr(point)) != replacement:
            own.setdefault(replacement, []).append(point)
    left = [point for point in range(0x110000) if point not in replacements and _may_change(point)]
    known = [point for point in left if chr(point) in vocabulary and _is_changed(point)]
    strange = [point for point in left if chr(point) not in vocabulary]
    spare = [chr(point) for point in sorted(own.get("", []))]
    if len(spare) < len(known) + 2:
        raise ScopeError(
            f"the tokenizer cannot be exported: its table deletes {counted(len(spare), 'character')}, and "
            f"{len(known) + 2} are needed"
        )
    separator, unknown, *hidden = spare
    known_as = dict(zip(map(chr, known), hidden, strict=False))
    steps: list[normalizers.Normalizer] = [normalizers.NFC()]
    # deletions first, because the placeholders are deleted characters
    for replacement, points in sorted(own.items()):
        steps.append(normalizers.Replace(Regex(_class(points)), replacement))
    steps += [normalizers.Replace(character, stand_in) for character, stand_in in known_as.items()]
    steps.append(normalizers.Replace(Regex(_class(strange)), unknown))
    steps.append(normalizers.Replace(Regex(_BETWEEN), separator))
    steps.append(normalizers.NFKC())
    steps.append(normalizers.Replace(separator, ""))
    steps += [normalizers.Replace(stand_in, character) for character, stand_in in known_as.items()]
    return normalizers.Sequence(steps)


def _is_composed(point: int) -> bool:
    """Whether canonical composition leaves the character unchanged."""
    return unicodedata.normalize("NFC", chr(point)) == chr(point)


def _is_changed(point: int) -> bool:
    return _is_composed(point) and unicodedata.normalize("NFKC", chr(point)) != chr(point)


def _may_change(point: int) -> bool:
    """Whether NFKC changes the character, here or in a runtime with a later Unicode version."""
    return unicodedata.category(chr(point)) == "Cn" or _is_changed(point)


def _class(points: Iterable[int]) -> str:
    """A regular expression's class of characters, with runs as ranges."""
    runs: list[list[int]] = []
    for point in sorted(points):
        if runs and point == runs[-1][1] + 1:
            runs[-1][1] = point
        else:
            runs.append([point, point])
    return "[" + "".join("-".join(_in_class(one) for one in sorted(set(run))) for run in runs) + "]"


def _in_class(point: int) -> str:
    # not re.escape: JavaScript rejects unnecessary escapes
    return f"\\{chr(point)}" if chr(point) in "\\]^[-" else chr(point)
