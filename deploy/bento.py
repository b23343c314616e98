"""What the bento serves: the service, with the rooms beside this folder on the path, installed or not."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for room in ("files", "kernels", "features", "classifiers", "service", "."):
    if (path := str(ROOT / room)) not in sys.path:
        sys.path.insert(0, path)

from scopesift_service.api import Moderation  # noqa: E402

__all__ = ["Moderation"]
