"""Expressions as source text of Python and C that needs nothing but the language's mathematics."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from kan.symbolic.complexity import parts
from kan.symbolic.grammar import Call, Constant, Node, Variable
from kan.symbolic.printing import Binding, TextPrinter, number_text

# A power with a larger whole exponent goes through pow as any other.
MAX_WHOLE_EXPONENT = 64

_PYTHON_SGN = """def sgn(x):
    return (x > 0) - (x < 0)
"""
# The two forms of kan.symbolic.bessel.
_PYTHON_BESSEL = """def bessel_j0(x):
    size, sums, term = abs(x), [0.0, 0.0], 1.0
    if size < 25.0:
        return math.fsum(math.cos(size*math.sin((k + 0.5)*math.pi/32)) for k in range(16))/16
    for k in range(16):
        sums[k % 2] += term if k % 4 < 2 else -term
        term *= -(2*k + 1)**2/(8*(k + 1)*size)
    cosine, sine = math.cos(size), math.sin(size)
    return (sums[0]*(cosine + sine) + sums[1]*(cosine - sine))/math.sqrt(math.pi*size)
"""
_C_SGN = """static double sgn(double x)
{
    return (double)((x > 0.0) - (x < 0.0));
}
"""
_C_BESSEL = """static double bessel_j0(double x)
{
    double size = fabs(x), sums[2] = {0.0, 0.0}, term = 1.0;
    if (size < 25.0) {
        for (int k = 0; k < 16; k++)
            sums[0] += cos(size*sin((k + 0.5)*3.141592653589793/32.0));
        return sums[0]/16.0;
    }
    for (int k = 0; k < 16; k++) {
        sums[k % 2] += k % 4 < 2 ? term : -term;
        term *= -(2.0*k + 1.0)*(2.0*k + 1.0)/(8.0*(k + 1.0)*size);
    }
    return (sums[0]*(cos(size) + sin(size)) + sums[1]*(cos(size) - sin(size)))/sqrt(3.141592653589793*size);
}
"""


class _CodePrinter(TextPrinter):
    """What Python and C share: numbers with a point, functions made of those that the language has."""

    prefix: ClassVar[str]
    renamed: ClassVar[Mapping[str, str]]

    def constant(self, value: float) -> str:
        return repr(value)

    def call(self, function: str, argument: Node) -> str:
        if function == "sigmoid":
            # As the tree computes it: no exponential overflows.
            return f"(0.5*(1.0 + {self.prefix}tanh(0.5*{self.within(argument, Binding.POWER)})))"
        if function == "gaussian":
            return f"{self.prefix}exp(-{self.power(argument, Constant(2.0))})"
        return f"{self.renamed.get(function, self.prefix + function)}({self.printed(argument)})"


class _PythonPrinter(_CodePrinter):
    prefix = "math."
    renamed: ClassVar[Mapping[str, str]] = {
        "abs": "abs",
        "sgn": "sgn",
        "j0": "bessel_j0",
        "arcsin": "math.asin",
        "arccos": "math.acos",
        "arctan": "math.atan",
        "arctanh": "math.atanh",
    }

    def power(self, base: Node, exponent: Node) -> str:
        match exponent:
            case Constant(value) if value.is_integer() and 0 <= value <= MAX_WHOLE_EXPONENT:
                return f"{self.within(base, Binding.ATOM)}**{number_text(value)}"
            case _:
                # Not **, which makes complex numbers of negative ones.
                return f"math.pow({self.printed(base)}, {self.printed(exponent)})"


class _CPrinter(_CodePrinter):
    prefix = ""
    renamed: ClassVar[Mapping[str, str]] = {
        "abs": "fabs",
        "j0": "bessel_j0",
        "arcsin": "asin",
        "arccos": "acos",
        "arctan": "atan",
        "arctanh": "atanh",
    }

    def __init__(self, symbols: Sequence[str]) -> None:
        self._places = {symbol: f"x[{place}]" for place, symbol in enumerate(symbols)}

    def variable(self, name: str) -> str:
        return self._places[name]

    def power(self, base: Node, exponent: Node) -> str:
        return f"pow({self.printed(base)}, {self.printed(exponent)})"


def python_source(outputs: Mapping[str, Node], legend: Mapping[str, str]) -> str:
    """Gives a module with one function, `predict`, of the variables; it raises where a formula is not finite.

    Args:
        outputs: what is predicted -> its formula, at least one; of several, the function gives a tuple in this order.
        legend: symbol -> what it stands for, in the order of the arguments; symbols as `safe_symbols` gives them.
    """
    helpers = _helpers(outputs.values(), {"sgn": _PYTHON_SGN, "j0": _PYTHON_BESSEL})
    comments = [f"# {line}" for line in (*_titles(outputs), *(f"{name}: {quoted(legend[name])}" for name in legend))]
    values = [_PythonPrinter().printed(node) for node in outputs.values()]
    several = "(\n" + "".join(f"        {value},\n" for value in values) + "    )"
    body = f"def predict({', '.join(legend)}):\n    return {values[0] if len(values) == 1 else several}\n"
    return "\n\n".join(["import math\n", *helpers, "\n".join([*comments, body])])


def c_source(outputs: Mapping[str, Node], legend: Mapping[str, str]) -> str:
    """Gives C99 with one function, `predict`, of an array of the variables; NaN or infinite as a formula is.

    Args:
        outputs: what is predicted -> its formula, at least one; several are put into an array in this order.
        legend: symbol -> what it stands for, in the order of the array.
    """
    helpers = _helpers(outputs.values(), {"sgn": _C_SGN, "j0": _C_BESSEL})
    labels = [f"x[{place}]: {quoted(label)}" for place, label in enumerate(legend.values())]
    comments = [f"/* {line} */" for line in (*_titles(outputs), *labels)]
    # A formula without variables would make compilers warn.
    is_used = any(isinstance(part, Variable) for node in outputs.values() for part in parts(node))
    values = [_CPrinter(list(legend)).printed(node) for node in outputs.values()]
    lines = [] if is_used else ["(void)x;"]
    if len(values) == 1:
        head, lines = "double predict(const double *x)", [*lines, f"return {values[0]};"]
    else:
        head, lines = (
            "void predict(const double *x, double *y)",
            [*lines, *map("y[{}] = {};".format, range(len(values)), values)],
        )
    body = f"{head}\n{{\n" + "".join(f"    {line}\n" for line in lines) + "}\n"
    return "\n".join(["#include <math.h>\n", *helpers, *comments, body])


def _titles(outputs: Mapping[str, Node]) -> list[str]:
    names = [quoted(name) for name in outputs]
    return names if len(names) == 1 else [f"y[{place}]: {name}" for place, name in enumerate(names)]


def quoted(label: str) -> str:
    """Gives a name as ASCII between quotes, on one line, so that no name can end the comment it stands in."""
    return json.dumps(label).replace("/", "\\/")


def _helpers(nodes: Iterable[Node], sources: Mapping[str, str]) -> Iterable[str]:
    used = {part.function for node in nodes for part in parts(node) if isinstance(part, Call)}
    return [source for function, source in sources.items() if function in used]
