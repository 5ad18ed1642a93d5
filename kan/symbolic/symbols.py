"""Names of columns as symbols that mean nothing else in the grammar, in Python or in computer algebra."""

import keyword
import re
from collections import Counter
from collections.abc import Sequence

from kan.symbolic.grammar import CONSTANTS, FUNCTIONS

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
# What the written functions use, and what computer algebra takes for a constant or a function of its own.
_TAKEN = frozenset(
    (
        *("math", "predict", "bessel_j0", "sgn", "abs", "int", "range"),
        *("E", "I", "N", "O", "Q", "S", "beta", "gamma", "zeta", "oo", "nan", "inf"),
        *keyword.kwlist,
        *keyword.softkwlist,
        *CONSTANTS,
        *FUNCTIONS,
    )
)


def safe_symbols(names: Sequence[str], fallbacks: Sequence[str]) -> list[str]:
    """Gives each name a symbol of its own: the name itself where it is safe, else its fallback.

    Args:
        names: any text.
        fallbacks: a safe symbol for each, such as x1; where a name has taken it, underscores are added.
    """
    counts = Counter(names)
    safe = [bool(_PLAIN.fullmatch(name)) and name not in _TAKEN and counts[name] == 1 for name in names]
    taken = {name for name, is_safe in zip(names, safe, strict=True) if is_safe}
    symbols = []
    for name, fallback, is_safe in zip(names, fallbacks, safe, strict=True):
        symbol = name if is_safe else fallback
        while not is_safe and symbol in taken:
            symbol += "_"
        taken.add(symbol)
        symbols.append(symbol)
    return symbols
