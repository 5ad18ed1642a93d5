"""What every JSON body that is read has in common: no unknown field, and no value of another type."""

from __future__ import annotations

import json
from typing import Any, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from kan.errors import unknown_field

_UNKNOWN = "extra_forbidden"
# More than any object of ours has: each bad entry costs an error of its own, made while nobody else is served.
MOST_ENTRIES = 1_000
# As many as a problem shows (service/api/problems.py).
_FAULTS = 20

Value = TypeVar("Value")


def few_entries(value: Value) -> Value:
    """Gives the value again; refuses an object of too many entries before anything is said of each."""
    if isinstance(value, dict) and len(value) > MOST_ENTRIES:
        raise PydanticCustomError("too_long", f"expected at most {MOST_ENTRIES:,} entries")
    return value


FEW = BeforeValidator(few_entries)


class Body(BaseModel):
    """A body, or an object within one; a field that it does not have is refused with the one probably meant."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="wrap")
    @classmethod
    def _name_what_was_meant(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(few_entries(value))
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)[:_FAULTS]
            if not any(_is_unknown(item) for item in found):
                raise
            raise ValidationError.from_exception_data(cls.__name__, [cls._reworded(item) for item in found]) from None

    @classmethod
    def _reworded(cls, item: ErrorDetails) -> InitErrorDetails:
        """Gives a fault again; of an unknown field of this object in words that help."""
        words = unknown_field(str(item["loc"][0]), list(cls.model_fields)) if _is_unknown(item) else item["msg"]
        # The words may hold braces, which the error would take for places to fill in.
        kind = PydanticCustomError(item["type"], "{words}", {"words": words})
        return InitErrorDetails(type=kind, loc=item["loc"], input=None)


class StorableText(Body):
    """A body whose text every database keeps."""

    @model_validator(mode="after")
    def _is_storable(self) -> Self:
        """Refuses what no database keeps: NUL, and halves of characters that JSON can spell but UTF-8 cannot."""
        text = json.dumps(self.model_dump(), ensure_ascii=False)
        if any("\ud800" <= letter <= "\udfff" for letter in text) or "\\u0000" in text:
            raise ValueError("expected Unicode text without NUL and lone surrogates")
        return self


def _is_unknown(item: ErrorDetails) -> bool:
    return item["type"] == _UNKNOWN and len(item["loc"]) == 1 and item["msg"].startswith("Extra inputs")
