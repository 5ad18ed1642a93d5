"""A network as one file of C99: the pieces as constant arrays, and the program that reads them."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kan.symbolic.functions import NUMBERS
from kan.symbolic.printing_code import quoted

_PIECES, _LEVELS = -1, -2
_KINDS = {"unused": 0, "number": 1, "levels": 2, "missing": 3}


def c_code(document: Mapping[str, Any]) -> str:
    """Gives the file: `kan_predict(columns, answers)` in it predicts for one row.

    Args:
        document: as `kan.export.document.document` gives it.
    """
    parts = [_head(document), *_inputs(document), *_layers(document["layers"]), *_outputs(document)]
    return "\n".join(parts) + "\n" + Path(__file__).with_name("runtime.c").read_text(encoding="utf-8")


def _head(document: Mapping[str, Any]) -> str:
    columns = [f" * columns[{place}]: {quoted(name)}" for place, name in enumerate(document["columns"])]
    names = _answer_names(document)
    answers = [f" * answers[{place}]: {quoted(name)}" for place, name in enumerate(names)]
    lines = [
        "/* int kan_predict(const double *columns, double *answers)",
        " * gives 0 and the answers, or 1 where a value is missing that training always had or a result is not finite.",
        " * A missing number is NAN. A category is kan_level(column, text), with NULL for a missing one.",
        *columns,
        *answers,
        " */",
        "#include <math.h>",
        "#include <stddef.h>",
        "#include <string.h>",
        "",
        f"#define KAN_COLUMNS {len(columns)}",
        f"#define KAN_ANSWERS {len(answers)}",
    ]
    return "\n".join(lines)


def _answer_names(document: Mapping[str, Any]) -> list[str]:
    first = document["outputs"][0]
    is_classes = first["kind"] == "classes"
    return [f"probability of {name}" for name in first["classes"]] if is_classes else _names(document["outputs"])


def _names(items: Iterable[Mapping[str, Any]]) -> list[str]:
    return [item["name"] for item in items]


def _inputs(document: Mapping[str, Any]) -> list[str]:
    rows: list[str] = []
    levels: list[str] = []
    for item in document["inputs"]:
        named = item.get("levels", [])
        missing = -1 if item.get("missing") is None else item["missing"]
        ends = [item.get(name) for name in ("fill", "floor", "ceiling")]
        numbers = [item.get("shift", 0.0), item.get("scale", 1.0)]
        written = ", ".join([*map(_number, numbers), *("NAN" if end is None else _number(end) for end in ends)])
        place = f"{_KINDS[item['kind']]}, {item.get('column', 0)}, {missing}, {len(levels)}, {len(named)}"
        rows.append(f"    {{{place}, {written}}}")
        levels += named
    texts = [f"    {_text(level)}" for level in levels] or ['    ""']
    struct = "typedef struct { int kind, column, missing, first_level, levels; "
    return [
        struct + "double shift, scale, fill, floor, ceiling; } kan_input;",
        _array("kan_input", "kan_inputs", rows),
        f"#define KAN_INPUTS {len(rows)}",
        _array("char *const", "kan_levels", texts),
    ]


def _layers(layers: Sequence[Mapping[str, Any]]) -> list[str]:
    numbers: list[float] = []
    edges: list[str] = []
    sources: list[str] = []
    products: list[int] = []
    rows: list[str] = []
    for layer in layers:
        inputs = len(layer["breaks"])
        place = f"{inputs}, {layer['sums']}, {len(layer['products'])}"
        rows.append(f"    {{{place}, {len(sources)}, {len(edges)}, {len(layer['edges'])}, {len(products)}}}")
        products += layer["products"]
        for breaks in layer["breaks"]:
            sources.append(f"    {{{len(numbers)}, {len(breaks)}}}")
            numbers += breaks
        edges += [_edge(edge, numbers) for edge in layer["edges"]]
    width = max(max(len(layer["breaks"]), layer["sums"]) for layer in layers)
    return [
        f"#define KAN_WIDTH {width}",
        f"#define KAN_LAYERS {len(rows)}",
        _array("double", "kan_numbers", [f"    {_number(number)}" for number in numbers] or ["    0.0"]),
        "typedef struct { int start, breaks; } kan_source;",
        _array("kan_source", "kan_sources", sources),
        "typedef struct { int source, target, kind, start, size; double a, b, c, d; } kan_edge;",
        _array("kan_edge", "kan_edges", edges),
        _array("int", "kan_products", [f"    {count}" for count in products] or ["    0"]),
        "typedef struct { int inputs, sums, products, first_source, first_edge, edges, first_product; } kan_layer;",
        _array("kan_layer", "kan_layers", rows),
    ]


def _edge(edge: Mapping[str, Any], numbers: list[float]) -> str:
    """Gives one edge, and puts what it needs of numbers behind those there are."""
    ends = f"{edge['source']}, {edge['target']}"
    if "function" in edge:
        constants = ", ".join(_number(edge[name]) for name in "abcd")
        return f"    {{{ends}, {NUMBERS[edge['function']]}, 0, 0, {constants}}}"
    start = len(numbers)
    if "levels" in edge:
        numbers += edge["levels"]
        return f"    {{{ends}, {_LEVELS}, {start}, {len(edge['levels'])}, 0.0, 0.0, 0.0, 0.0}}"
    numbers += [number for piece in edge["pieces"] for number in piece]
    return f"    {{{ends}, {_PIECES}, {start}, {len(edge['pieces'][0])}, {_number(edge['silu'])}, 0.0, 0.0, 0.0}}"


def _outputs(document: Mapping[str, Any]) -> list[str]:
    first = document["outputs"][0]
    is_classes = first["kind"] == "classes"
    scaled = [] if is_classes else [f"    {{{_number(o['mean'])}, {_number(o['std'])}}}" for o in document["outputs"]]
    return [
        f"#define KAN_CLASSES {int(is_classes)}",
        f"#define KAN_BINARY {int(first.get('binary', False))}",
        "typedef struct { double mean, std; } kan_output;",
        _array("kan_output", "kan_outputs", scaled or ["    {0.0, 1.0}"]),
    ]


def _array(kind: str, name: str, rows: Sequence[str]) -> str:
    return f"static const {kind} {name}[] = {{\n" + ",\n".join(rows) + "\n};"


def _number(value: float) -> str:
    return repr(float(value))


def _text(text: str) -> str:
    """Gives a text as UTF-8 between quotes, every byte but plain ones as three octal digits."""
    plain = "".join(chr(byte) if chr(byte).isalnum() and byte < 128 else f"\\{byte:03o}" for byte in text.encode())
    return f'"{plain}"'
