"""One point of the curve by threads, in a process of its own: `python -m bench.curves.case ROUNDS`."""

from __future__ import annotations

import json
import sys

from bench.curves.run import TOKENS, Curves
from bench.curves.texts import texts_of


def main() -> None:
    """Print seconds per text of 32 tokens by system as JSON."""
    curves = Curves(int(sys.argv[1]))
    texts = texts_of(curves.scope, 32, TOKENS // 32)
    sys.stdout.write(json.dumps(curves.per_text(texts)) + "\n")


if __name__ == "__main__":
    main()
