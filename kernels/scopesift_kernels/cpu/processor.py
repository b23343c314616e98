"""What the processor can do."""

from __future__ import annotations

from functools import cache

import torch


@cache
def multiplies_bfloat16() -> bool:
    """Whether matrix products of bfloat16 run on instructions made for them: AVX512-BF16 or AMX.

    Elsewhere torch's bfloat16 products are slower than its float32 ones. The choice depends on the processor alone,
    not on a measurement, so that repeated runs give the same bits.
    """
    if not torch.backends.mkldnn.is_available():
        return False
    abilities = (getattr(torch.cpu, name, None) for name in ABILITIES)
    return any(ability() for ability in abilities if ability is not None)


ABILITIES = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
