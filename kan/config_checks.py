"""Checks of single fields of a config: each passes or says by name what it expected."""

from collections.abc import Sequence

from kan.errors import ExpressionError, InvalidConfig
from kan.symbolic.functions import FUNCTIONS
from kan.symbolic.written import check_made_of_library, function_named, is_written

# Of one layer, and of one product: what a spec of a few bytes may ask for.
MAX_PRODUCTS, MAX_FACTORS = 1000, 100


def check_int(field: str, value: object, low: int, high: int | None) -> None:
    """Refuses what is no integer from low to high."""
    if isinstance(value, bool) or not isinstance(value, int) or value < low or (high is not None and value > high):
        bounds = f"at least {low}" if high is None else f"between {low} and {high}"
        raise InvalidConfig(field, f"expected an integer {bounds}")


def check_range(field: str, value: object, low: float, high: float) -> None:
    """Refuses what is no number from low to high."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidConfig(field, f"expected a number between {low:g} and {high:g}")


def check_work(value: object) -> None:
    """Refuses a bound on a stage's work that is neither None nor room for some steps."""
    if value is not None:
        check_range("max_work", value, 1e6, 1e18)


def check_choice(field: str, value: object, allowed: tuple[str, ...]) -> None:
    """Refuses what is not among the words."""
    if value not in allowed:
        raise InvalidConfig(field, f"expected one of {', '.join(allowed)}")


def check_function(field: str, value: object) -> None:
    """Refuses what is neither a name of the library nor an expression of x."""
    try:
        function_named(value if isinstance(value, str) else "")
    except ExpressionError as error:
        words = f"expected one of {', '.join(FUNCTIONS)}, or an expression of x such as x*exp(-x); {error}"
        raise InvalidConfig(field, words) from None


def check_new_function(field: str, value: object) -> None:
    """Refuses what `check_function` does, and an expression that the library cannot make up; a stored one is read."""
    check_function(field, value)
    try:
        if is_written(str(value)):
            check_made_of_library(str(value))
    except ExpressionError as error:
        raise InvalidConfig(field, f"{value} cannot be made of the library's functions: {error.message}") from None


def check_bool(field: str, value: object) -> None:
    """Refuses what is neither true nor false."""
    if not isinstance(value, bool):
        raise InvalidConfig(field, "expected true or false")


def product_entries(value: object, most: int) -> tuple[int | tuple[int, ...], ...]:
    """Checks the product nodes of a config and gives them as tuples."""
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > most:
        raise InvalidConfig("multiply", "expected a list with a number, or a list of numbers, for each hidden layer")
    entries: list[int | tuple[int, ...]] = []
    for entry in value:
        if isinstance(entry, list | tuple):
            check_int("multiply", len(entry), 0, MAX_PRODUCTS)
            for arity in entry:
                check_int("multiply", arity, 2, MAX_FACTORS)
            entries.append(tuple(entry))
        else:
            check_int("multiply", entry, 0, MAX_PRODUCTS)
            entries.append(entry)
    return tuple(entries)
