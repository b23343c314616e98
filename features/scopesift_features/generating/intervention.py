"""What is done to a feature while text is generated.

Source: Qwen-Scope report, section 3: `h' = h + alpha * d` at the SAE's layer; suppressing takes the feature's part out.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from scopesift_files.errors import UsageError

BOOST, CLAMP, SUPPRESS = ACTIONS = ("boost", "clamp", "suppress")
_SPELLED = re.compile(
    r"(?P<layer>\d+):(?P<feature>\d+)=(?P<action>[+-]?)(?P<amount>\d+(?:\.\d+)?)?\Z", re.ASCII
)
EXAMPLES = "12:6159=+8 adds 8, 12:6159=5 clamps to 5, 12:6159=- suppresses"


@dataclass(frozen=True)
class Intervention:
    """A change of one feature's activation a, on every token that it is applied to.

    The residual gets `change * d`, with d the feature's decoder column as it is stored (not of unit length), so that
    amounts are activations: boost adds `amount`, clamp sets a to `amount`, suppress sets it to 0.

    Attributes:
        layer: the block after which the SAE reads.
        feature: index of the feature.
        action: "boost", "clamp" or "suppress".
        amount: activation; negative ones only for boost, 0 for suppress.
    """

    layer: int
    feature: int
    action: str
    amount: float = 0.0

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise UsageError(f"an action must be one of {', '.join(ACTIONS)}, not {self.action!r}")
        if not math.isfinite(self.amount):
            raise UsageError(f"an amount must be a finite number, not {self.amount}")
        if self.action == CLAMP and self.amount < 0:
            raise UsageError(
                f"an activation can't be clamped to {self.amount:g}; give 0 or more, or boost by it"
            )
        if self.action == SUPPRESS and self.amount:
            raise UsageError("suppress takes no amount; clamp to it instead")

    @property
    def reads_activation(self) -> bool:
        """Whether the change depends on the feature's present activation."""
        return self.action != BOOST

    def __str__(self) -> str:
        """As `parse_intervention` reads it."""
        if self.action == SUPPRESS:
            return f"{self.layer}:{self.feature}=-"
        sign = "+" if self.action == BOOST and self.amount >= 0 else ""
        return f"{self.layer}:{self.feature}={sign}{self.amount:g}"


def parse_intervention(text: str) -> Intervention:
    """Read `LAYER:FEATURE=+AMOUNT` (boost), `=-AMOUNT` (boost by less than 0), `=AMOUNT` (clamp) or `=-` (suppress).

    Raises:
        UsageError: another form.
    """
    match = _SPELLED.fullmatch(text.strip())
    if match is None or (match["amount"] is None and match["action"] != "-"):
        raise UsageError(f"--feature must be LAYER:FEATURE=CHANGE, got {text!r}; {EXAMPLES}")
    layer, feature = int(match["layer"]), int(match["feature"])
    if match["amount"] is None:
        return Intervention(layer, feature, SUPPRESS)
    amount = float(match["amount"])
    if match["action"]:
        return Intervention(layer, feature, BOOST, -amount if match["action"] == "-" else amount)
    return Intervention(layer, feature, CLAMP, amount)
