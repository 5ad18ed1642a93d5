"""A network as one Python file that needs nothing but Python: the document, and the program that reads it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kan.export import standalone

_ENDING = '''
MODEL = json.loads(
    {text}
)


def predict_row(row: Any) -> Any:
    """Gives the answer for one row: column -> value, or values in the order of MODEL["columns"]."""
    return predict(MODEL, row)


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(predict_row(json.loads(line))))
'''


def python_code(document: Mapping[str, Any]) -> str:
    """Gives the file: `predict_row(row)` in it predicts; run by itself it reads rows as NDJSON and writes answers.

    Args:
        document: as `kan.export.document.document` gives it.
    """
    source = Path(standalone.__file__).read_text(encoding="utf-8")
    source = source.replace("import math\n", "import json\nimport math\nimport sys\n", 1)
    # A text within a text: nothing in it is ever code, and the parser need not build a million numbers.
    return source + _ENDING.format(text=ascii(json.dumps(document)))
