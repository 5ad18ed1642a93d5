"""A network as one SQL statement: a common table expression for each column of nodes, splines as CASE."""

from collections.abc import Mapping, Sequence
from typing import Any

from kan.errors import ExportError
from kan.export.sql_functions import LARGEST, applied, bounded_exp, not_far, number, polynomial, product, silu

TABLE = "data"
# About a megabyte, the longest statement that SQLite takes as it is built by default.
MAX_NUMBERS = 40_000
# A formula, with what guards it, is about as long as so many numbers.
_NUMBERS_OF_A_FORMULA = 15
NUMBERS_OF_A_BESSEL = 150


def sql_code(document: Mapping[str, Any]) -> str:
    """Gives a SELECT that reads the table `data` and gives its input columns and the answers, row by row.

    NULL stands for a missing value where training had none, for a function outside its domain, and for a row so far
    from training that a number on its way is beyond 1e250, where a database would give up the whole statement. Needs
    the functions exp, ln, tanh and so on of SQLite's (3.35), PostgreSQL's or DuckDB's SQL.

    Args:
        document: as `kan.export.document.document` gives it.

    Raises:
        ExportError: more numbers than one statement should hold.
    """
    _check(document)
    return _Statement(document).text()


class _Statement:
    """Names of nodes are `prefix_layer_place`, with a prefix that no column begins with."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._columns = [_identifier(name) for name in document["columns"]]
        self._prefix = "kan"
        while any(name.lower().startswith(self._prefix) for name in document["columns"]):
            self._prefix += "_"

    def text(self) -> str:
        encoded = [self._encoded(item) for item in self._document["inputs"]]
        steps = [self._step(0, encoded, _identifier(TABLE))]
        number, nodes = 0, len(encoded)
        for layer in self._document["layers"]:
            steps.append(self._step(number + 1, self._sums(layer, number), self._name(number)))
            number += 1
            nodes = layer["sums"]
            if layer["products"]:
                steps.append(self._step(number + 1, self._products(layer, number), self._name(number)))
                number, nodes = number + 1, nodes - sum(layer["products"]) + len(layer["products"])
        chosen = ",\n    ".join([*self._columns, *self._answers([self._node(number, k) for k in range(nodes)])])
        return f"WITH {', '.join(steps)}\nSELECT\n    {chosen}\nFROM {self._name(number)};\n"

    def _name(self, number: int) -> str:
        return f"{self._prefix}_{number}"

    def _node(self, number: int, place: int) -> str:
        return f"{self._prefix}_{number}_{place}"

    def _step(self, number: int, values: Sequence[str], source: str) -> str:
        # Materialized: else a database may write each node out wherever it is used.
        named = [f"{value} AS {self._node(number, place)}" for place, value in enumerate(values)]
        chosen = ",\n    ".join([*self._columns, *named])
        return f"{self._name(number)} AS MATERIALIZED (\nSELECT\n    {chosen}\nFROM {source}\n)"

    def _encoded(self, item: Mapping[str, Any]) -> str:
        if item["kind"] == "unused":
            return "0.0"
        column = self._columns[item["column"]]
        if item["kind"] == "missing":
            return f"CASE WHEN {column} IS NULL THEN 1 ELSE 0 END"
        if item["kind"] == "levels":
            known = " ".join(f"WHEN {column} = {_text(level)} THEN {k}" for k, level in enumerate(item["levels"]))
            missing = "NULL" if item["missing"] is None else item["missing"]
            return f"CASE WHEN {column} IS NULL THEN {missing} {known} ELSE {len(item['levels'])} END"
        value = f"CAST({column} AS DOUBLE PRECISION)"
        if item["fill"] is not None:
            value = f"coalesce({value}, {number(item['fill'])})"
        for end, sign in (("floor", "<"), ("ceiling", ">")):
            if item[end] is not None:
                value = f"CASE WHEN {value} {sign} {number(item[end])} THEN {number(item[end])} ELSE {value} END"
        scaled = f"({value} - {number(item['shift'])}) / {number(item['scale'])}"
        is_bounded = item["floor"] is not None and item["ceiling"] is not None
        return scaled if is_bounded else not_far(value, scaled, LARGEST * min(1.0, item["scale"]))

    def _sums(self, layer: Mapping[str, Any], number: int) -> list[str]:
        terms: list[list[str]] = [[] for _ in range(layer["sums"])]
        for edge in layer["edges"]:
            x = self._node(number, edge["source"])
            terms[edge["target"]].append(_edge(edge, x, layer["breaks"][edge["source"]]))
        return [_total(found) for found in terms]

    def _products(self, layer: Mapping[str, Any], number: int) -> list[str]:
        first = layer["sums"] - sum(layer["products"])
        nodes = [self._node(number, place) for place in range(first)]
        for count in layer["products"]:
            nodes.append(product([self._node(number, place) for place in range(first, first + count)]))
            first += count
        return nodes

    def _answers(self, nodes: Sequence[str]) -> list[str]:
        first = self._document["outputs"][0]
        if first["kind"] == "number":
            pairs = zip(self._document["outputs"], nodes, strict=True)
            return [f"{_scaled(item, node)} AS {_identifier(item['name'])}" for item, node in pairs]
        logits = ["0.0", *nodes] if first["binary"] else list(nodes)
        classes = first["classes"]
        best = " ".join(
            f"WHEN {' AND '.join(f'{mine} >= {other}' for other in logits)} THEN {_text(name)}"
            for mine, name in zip(logits, classes, strict=True)
        )
        shares = [
            f"{_share(mine, logits)} AS {_identifier(f'probability({name})')}"
            for mine, name in zip(logits, classes, strict=True)
        ]
        return [f"CASE {best} END AS {_identifier(first['name'])}", *shares]


def _edge(edge: Mapping[str, Any], x: str, breaks: Sequence[float]) -> str:
    if "levels" in edge:
        cases = " ".join(f"WHEN {level} THEN {number(value)}" for level, value in enumerate(edge["levels"]))
        return f"CASE {x} {cases} END"
    if "function" in edge:
        argument = f"({number(edge['b'])} * {x} + {number(edge['c'])})"
        return not_far(x, f"{number(edge['a'])} * {applied(edge['function'], argument)} + {number(edge['d'])}")
    starts = [breaks[0], *breaks]
    values = [polynomial(piece, f"({x} - {number(at)})") for piece, at in zip(edge["pieces"], starts, strict=True)]
    cases = " ".join(f"WHEN {x} < {number(end)} THEN {value}" for end, value in zip(breaks, values, strict=False))
    spline = f"CASE {cases} ELSE {values[-1]} END"
    return not_far(x, spline if edge["silu"] == 0.0 else f"{spline} + {number(edge['silu'])} * {silu(x)}")


def _scaled(item: Mapping[str, Any], node: str) -> str:
    return not_far(node, f"{number(item['mean'])} + {number(item['std'])} * {node}")


def _share(mine: str, logits: Sequence[str]) -> str:
    return f"1.0 / ({_total([bounded_exp(f'({other} - {mine})') for other in logits])})"


def _total(terms: Sequence[str]) -> str:
    """Gives a sum in nested halves: databases bound how deep an expression may be."""
    if not terms:
        return "0.0"
    if len(terms) == 1:
        return terms[0]
    middle = len(terms) // 2
    return f"({_total(terms[:middle])} + {_total(terms[middle:])})"


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _check(document: Mapping[str, Any]) -> None:
    edges = [edge for layer in document["layers"] for edge in layer["edges"]]
    numbers = sum(len(edge["pieces"]) * len(edge["pieces"][0]) for edge in edges if "pieces" in edge)
    functions = [edge["function"] for edge in edges if "function" in edge]
    numbers += sum(NUMBERS_OF_A_BESSEL if name == "j0" else _NUMBERS_OF_A_FORMULA for name in functions)
    if numbers > MAX_NUMBERS:
        raise ExportError(f"as SQL it has {numbers:,} numbers, the limit is {MAX_NUMBERS:,}; take another format")
