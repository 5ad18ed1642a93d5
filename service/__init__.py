"""The HTTP service and its workers: data sets, jobs, models, predictions and curves."""

import sys
from types import ModuleType
from typing import cast

if "rich" not in sys.modules:
    # structlog would load it to colour a console, 5 MB in each process; our lines are JSON or plain.
    sys.modules["rich"] = cast(ModuleType, None)
    import structlog  # noqa: F401

    del sys.modules["rich"]
