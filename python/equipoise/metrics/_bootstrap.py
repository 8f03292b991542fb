"""Seeds of bootstrap samples."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from .._errors import EquipoiseError


def seeds_of(random_state: Any, n: int) -> list[int]:
    """One seed for each sample."""
    most = np.iinfo(np.uint32).max
    if random_state is None or isinstance(random_state, numbers.Integral):
        generator = np.random.default_rng(None if random_state is None else int(random_state))
        return [int(s) for s in generator.integers(0, most, n, dtype=np.uint32)]
    if isinstance(random_state, np.random.RandomState):
        return [int(s) for s in random_state.randint(0, most, n, dtype=np.uint32)]
    raise EquipoiseError(
        f"`random_state` cannot be {random_state!r}", "spec", "give a whole number, a RandomState or None"
    )
