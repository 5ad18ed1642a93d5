"""Names that people give: what may be shown as the name of a data set, a column or a unit."""

from __future__ import annotations

import unicodedata

MAX_NAME_LENGTH = 200
MAX_UNIT_LENGTH = 50
# NFC makes one character of at most four, so that no longer text becomes a legal name.
_MAX_NORMALISED_LENGTH = 4 * MAX_NAME_LENGTH

# Characters that turn the reading direction: text that holds them does not read as it is stored.
_DIRECTION_MARKS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


def normal_name(text: str) -> str:
    """Gives the stored form of a name: Unicode NFC, without white space at the ends.

    A text far too long for a name is only stripped: NFC takes quadratic time on a long run of combining marks.
    """
    bare = text.strip()
    return bare if len(bare) > _MAX_NORMALISED_LENGTH else unicodedata.normalize("NFC", bare).strip()


def name_fault(name: str, max_length: int = MAX_NAME_LENGTH) -> str | None:
    """Says why a name (in normal form) is not legal, None where it is.

    Anything visible is legal, `../../etc/passwd` and `"><script>` too: names live in the database only, and each page
    escapes what it shows.
    """
    if not name:
        return "expected a name, got nothing"
    if len(name) > max_length:
        return f"expected at most {max_length} characters, got {len(name)}"
    if any(unicodedata.category(c) in _REFUSED_CATEGORIES or c in _DIRECTION_MARKS for c in name):
        return "expected no control characters"
    return None
