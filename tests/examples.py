"""How many examples a property tries: everything that sets Hypothesis up is here. Knows no feature.

`make fuzz` multiplies them by `CONFRERE_FUZZ`.
"""

import os
from typing import Any

from hypothesis import HealthCheck, settings

FACTOR = int(os.environ.get("CONFRERE_FUZZ", "1"))


def set_up() -> None:
    """What holds for every property. A busy machine must not fail one: how long an example takes is none of ours."""
    settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("suite")


def examples(count: int, **more: Any) -> settings:
    """So many examples, or a multiple of them where somebody has time."""
    return settings(max_examples=count * FACTOR, deadline=None, **more)
