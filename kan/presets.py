"""Presets: recipes with a name, for a network that is to be found and for one that is given."""

from kan.config import Average, Choose, Extend, Refit, Stage, Starts
from kan.config_symbolic import Discover, Symbolify

PRESETS = ("quick", "balanced", "thorough", "interpretable")

_SEARCH: dict[str, tuple[Stage, ...]] = {
    "quick": (Choose(hidden=(0, 2), members=1), Average(members=5), Extend(max_grid=10, steps=30)),
    "balanced": (Choose(hidden=(0, 2, 5), members=2), Average(members=20), Extend(max_grid=40, steps=60)),
    "thorough": (Choose(hidden=(0, 5, 10), grids=(5, 8), members=3), Average(members=32), Extend(max_grid=80)),
    "interpretable": (Choose(hidden=(0,), members=1), Discover(), Symbolify()),
}

_FIXED: dict[str, tuple[Stage, ...]] = {
    "quick": (Starts(count=1, steps=30), Refit(steps=10)),
    "balanced": (Starts(count=4, steps=40), Extend(max_grid=96, steps=60), Refit(steps=30)),
    "thorough": (
        Starts(count=40, steps=120, max_work=4e11),
        Extend(max_grid=96, steps=120, max_work=2e11),
        Refit(steps=60, max_work=1e11),
    ),
    "interpretable": (Starts(count=8, steps=80), Extend(max_grid=12, steps=60), Symbolify()),
}


def preset_recipe(name: str, *, search: bool) -> tuple[Stage, ...]:
    """Gives the recipe behind a preset's name.

    Args:
        name: one of `PRESETS`.
        search: True where the preset also chooses the network ("network": "auto").

    Raises:
        KeyError: no such preset.
    """
    return (_SEARCH if search else _FIXED)[name]
