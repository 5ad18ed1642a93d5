"""A formula: what one output of a network is, in the user's units, and the variables that it is made of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kan.encoding import MISSING_LEVEL, Table
from kan.encoding_checks import category_column, number_column
from kan.state import Array
from kan.symbolic.complexity import complexity
from kan.symbolic.grammar import Expression, Node
from kan.symbolic.printing import text
from kan.symbolic.printing_code import c_source, python_source
from kan.symbolic.printing_latex import latex
from kan.symbolic.printing_mathml import mathml


@dataclass(frozen=True)
class FormulaVariable:
    """One variable: a number column, or 1 in rows of one level and 0 in the others.

    Attributes:
        symbol: its name in the formula.
        column: of the table.
        level: of a category, else None.
        is_missing: whether it is 1 where the column has no value.
        fill: what a missing number counts as; None where a number is needed.
        floor, ceiling: what numbers below and above them count as; the formula is meant for those between.
    """

    symbol: str
    column: str
    level: str | None = None
    is_missing: bool = False
    fill: float | None = None
    floor: float | None = None
    ceiling: float | None = None

    @property
    def label(self) -> str:
        """What it stands for, as shown to people."""
        if self.is_missing:
            return f"[{self.column} is missing]"
        return self.column if self.level is None else f"[{self.column} = {self.level}]"


@dataclass(frozen=True)
class Formula:
    """One output of a network as an expression.

    Attributes:
        output: name of the target, or of the class.
        root: the expression, exactly the function that predicts.
        variables: all that the network has, in the order of its inputs; the expression may need fewer.
        kind: "value", in the user's units, or "logit" of a class.
        note: how probabilities come from logits, else None.
    """

    output: str
    root: Node
    variables: tuple[FormulaVariable, ...]
    kind: str = "value"
    note: str | None = None

    @property
    def complexity(self) -> int:
        """How much there is to read, by `kan.symbolic.complexity`."""
        return complexity(self.root)

    @property
    def legend(self) -> dict[str, str]:
        """What each symbol stands for."""
        return {variable.symbol: variable.label for variable in self.variables}

    def evaluate(self, columns: Mapping[str, Array]) -> Array:
        """Gives the formula's value in every row; not finite where it has none.

        Args:
            columns: symbol -> (rows,), as `variable_columns` gives them.
        """
        return Expression("", self.root, (), 0).evaluate(columns)

    def written(self, notation: str = "text") -> str:
        """Gives the formula in one of `NOTATIONS`.

        Raises:
            KeyError: an unknown notation.
        """
        return NOTATIONS[notation](self)


NOTATIONS: Mapping[str, Callable[[Formula], str]] = {
    "text": lambda formula: text(formula.root),
    "latex": lambda formula: latex(formula.root, formula.legend),
    "mathml": lambda formula: mathml(formula.root, formula.legend),
    "python": lambda formula: python_source({formula.output: formula.root}, formula.legend),
    "c": lambda formula: c_source({formula.output: formula.root}, formula.legend),
}
TOGETHER: Mapping[str, Callable[[Mapping[str, Node], Mapping[str, str]], str]] = {
    "python": python_source,
    "c": c_source,
}


def written_together(formulas: Sequence[Formula], notation: str) -> str:
    """Gives all the outputs of one network as one text: a line for each, in Python or C one function of them all.

    Args:
        formulas: of one network, at least one.
        notation: of `NOTATIONS`, but for MathML, which is a document of one formula.

    Raises:
        KeyError: an unknown notation.
    """
    if notation not in TOGETHER:
        return "\n".join(formula.written(notation) for formula in formulas) + "\n"
    return TOGETHER[notation]({formula.output: formula.root for formula in formulas}, formulas[0].legend)


def variable_columns(variables: Sequence[FormulaVariable], table: Table) -> dict[str, Array]:
    """Gives the value of every variable in every row of a table in the user's units.

    Args:
        table: column -> (rows,); missing numbers are NaN, missing categories None.

    Raises:
        EncodingError: a column is absent or of the wrong type.
    """
    return {variable.symbol: _column(variable, table) for variable in variables}


def input_columns(variables: Sequence[FormulaVariable], x: Array) -> dict[str, Array]:
    """Gives the same of the (rows, inputs) of a network without an encoding, whose levels are indices."""
    position = {column: place for place, column in enumerate(dict.fromkeys(item.column for item in variables))}
    columns = {}
    for variable in variables:
        values = np.asarray(x[:, position[variable.column]], dtype=np.float64)
        columns[variable.symbol] = values if variable.level is None else (values == float(variable.level)) * 1.0
    return columns


def _column(variable: FormulaVariable, table: Table) -> Array:
    if variable.is_missing and variable.level is None:
        return np.isnan(number_column(table, variable.column)).astype(np.float64)
    if variable.level is not None:
        values = category_column(table, variable.column)
        names = [MISSING_LEVEL if value is None else value for value in values]
        return np.array([name == variable.level for name in names], dtype=np.float64)
    numbers = number_column(table, variable.column)
    filled = numbers if variable.fill is None else np.where(np.isnan(numbers), variable.fill, numbers)
    return filled if variable.floor is None and variable.ceiling is None else _between(filled, variable)


def _between(numbers: Array, variable: FormulaVariable) -> Array:
    return np.clip(numbers, variable.floor, variable.ceiling)
