"""The inputs of a network as variables of its formula: numbers in the user's units, levels as 0 or 1."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kan.encoding import MISSING_LEVEL, LevelsInput, NumberInput
from kan.formulas.formula import FormulaVariable
from kan.state import NetworkState
from kan.symbolic.grammar import Binary, Constant, Node, Variable
from kan.symbolic.simplifying import added, multiplied
from kan.symbolic.symbols import safe_symbols

# A column that lies further from 0 than so many half ranges, such as a year, is written as its distance from the middle
# of its range: with the shift multiplied out, rounding would grow by as much.
FARTHEST_MIDDLE = 30.0
# No column's symbol begins like this: it stands for a column minus its middle until the formula is simplified.
CENTRED = "_centred_"


@dataclass(frozen=True)
class InputNodes:
    """What the formulas of a network are built from.

    Attributes:
        variables: in the order of the inputs.
        numbers: per input its value in network units; of a category the index of its level.
        levels: per input the variable of each level by its index, empty for a number.
        others: per input the index of the level where all its variables are 0.
        centred: what replaces the stand-ins of centred columns when all else is done.
    """

    variables: tuple[FormulaVariable, ...]
    numbers: tuple[Node, ...]
    levels: tuple[dict[int, Node], ...]
    others: tuple[int, ...]
    centred: dict[str, Node]


def input_nodes(state: NetworkState) -> InputNodes:
    """Gives the variables of a network and its inputs made of them."""
    groups = _groups(state)
    flat = [variable for group in groups for variable in group]
    symbols = safe_symbols([_wanted(variable) for variable in flat], [variable.symbol for variable in flat])
    variables = tuple(replace(variable, symbol=symbol) for variable, symbol in zip(flat, symbols, strict=True))
    nodes = iter([Variable(symbol) for symbol in symbols])
    numbers, levels, others, centred = list[Node](), list[dict[int, Node]](), list[int](), dict[str, Node]()
    for source, group in enumerate(groups):
        own = [next(nodes) for _ in group]
        table = state.layers[0].level_table(source)
        if table is None:
            numbers.append(_scaled(state, source, own[0], centred))
            levels.append({})
            others.append(0)
            continue
        is_presence = len(own) == 1 and group[0].level is None
        levels.append({1: own[0]} if is_presence else dict(enumerate(own)))
        others.append(0 if is_presence else len(table.values) - 1)
        numbers.append(chosen_value({k: float(k) for k in levels[-1]}, float(others[-1]), levels[-1]))
    return InputNodes(variables, tuple(numbers), tuple(levels), tuple(others), centred)


def chosen_value(values: Mapping[int, float], other: float, levels: Mapping[int, Node]) -> Node:
    """Gives the value of the level that a row has, `other` where all the variables are 0."""
    return added(
        *(multiplied(Constant(values[index] - other), node) for index, node in levels.items()), Constant(other)
    )


def _groups(state: NetworkState) -> list[list[FormulaVariable]]:
    """Gives the variables of each input, their symbols being those of last resort."""
    first, groups = state.layers[0], []
    for source in range(first.inputs):
        name = f"x{source + 1}"
        item = None if state.encoding is None else state.encoding.inputs[source]
        table = first.level_table(source)
        if isinstance(item, NumberInput):
            groups.append([FormulaVariable(name, item.column, fill=item.fill, floor=item.floor, ceiling=item.ceiling)])
        elif isinstance(item, LevelsInput):
            groups.append([_level(f"{name}_{k + 1}", item.column, level) for k, level in enumerate(item.levels)])
        elif item is not None:
            groups.append([FormulaVariable(name, item.column, is_missing=True)])
        elif table is not None:
            count = len(table.values) - 1
            groups.append([FormulaVariable(f"{name}_{k}", name, level=str(k)) for k in range(count)])
        else:
            groups.append([FormulaVariable(name, name)])
    return groups


def _level(symbol: str, column: str, level: str) -> FormulaVariable:
    return FormulaVariable(symbol, column, level=level, is_missing=level == MISSING_LEVEL)


def _wanted(variable: FormulaVariable) -> str:
    """Gives the name that a variable has where that is safe."""
    if variable.is_missing:
        return f"{variable.column}_missing"
    return variable.column if variable.level is None else f"{variable.column}_{variable.level}"


def _scaled(state: NetworkState, source: int, node: Variable, centred: dict[str, Node]) -> Node:
    """Gives a number input in network units."""
    item = None if state.encoding is None else state.encoding.inputs[source]
    if not isinstance(item, NumberInput):
        return node
    if abs(item.shift) <= FARTHEST_MIDDLE * item.scale:
        return added(multiplied(Constant(1.0 / item.scale), node), Constant(-item.shift / item.scale))
    sign = "-" if item.shift > 0 else "+"
    centred[CENTRED + node.name] = Binary(sign, node, Constant(abs(item.shift)))
    return multiplied(Constant(1.0 / item.scale), Variable(CENTRED + node.name))
