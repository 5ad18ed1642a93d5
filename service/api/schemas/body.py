"""What every JSON body that is read has in common: no unknown field, and no value of another type."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from kan.errors import unknown_field

_UNKNOWN = "extra_forbidden"


class Body(BaseModel):
    """A body, or an object within one; a field that it does not have is refused with the one probably meant."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="wrap")
    @classmethod
    def _name_what_was_meant(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(value)
        except ValidationError as error:
            found = error.errors(include_url=False)
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


def _is_unknown(item: ErrorDetails) -> bool:
    return item["type"] == _UNKNOWN and len(item["loc"]) == 1 and item["msg"].startswith("Extra inputs")
