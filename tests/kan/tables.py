"""Small tables with every kind of column, and the encodings learnt from them."""

from typing import Any

import numpy as np

from kan.encoding import Encoding, learn_encoding

Table = dict[str, Any]
NAN = float("nan")


def texts(*values: str | None) -> Any:
    return np.array(values, dtype=object)


def table_of_all_kinds() -> Table:
    return {
        "size": np.array([1.0, 2.0, 3.0, 4.0, 5.0, 100.0]),
        "age": np.array([NAN, 10.0, 30.0, 20.0, 40.0, NAN]),
        "island": texts("b", "a", None, "a", "b", "c"),
        "same": np.array([7.0] * 5 + [8.0]),
        "y": np.array([1.0, 2.0, 3.0, 4.0, 5.0, NAN]),
    }


def learnt(table: Table, *inputs: str, target: str = "y", task: str = "regression", rows: int = 5) -> Encoding:
    return learn_encoding(table, inputs, [target], task, np.arange(rows))


def class_table(classes: Any) -> Table:
    return {"x": np.arange(float(len(classes))), "y": classes}
