"""What LaTeX and MathML share: mathematics as it is drawn, with fractions and roots, and names that may be any text."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import TypeVar

from kan.symbolic.grammar import Binary, Call, Constant, Node
from kan.symbolic.printing import Binding, Printer, number_text

T = TypeVar("T")


class MathPrinter(Printer[T]):
    """Writes what is drawn; a symbol is shown by its label, or itself where it has none."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels

    def binding(self, node: Node) -> Binding:
        """Fractions hold together, but not under a power; nor do functions."""
        match node:
            case Constant(value) if "e" in number_text(value) and value > 0:
                return Binding.PRODUCT
            case Call("abs") | Call("sqrt"):
                return Binding.ATOM
            case Call() | Binary("/"):
                return Binding.POWER
            case _:
                return super().binding(node)

    def variable(self, name: str) -> T:
        return self.label(self._labels.get(name, name))

    def quotient(self, above: Node, below: Node) -> T:
        return self.fraction(self.printed(above), self.printed(below))

    def power(self, base: Node, exponent: Node) -> T:
        return self.raised(self.within(base, Binding.ATOM), self.printed(exponent))

    def call(self, function: str, argument: Node) -> T:
        if function == "gaussian":
            return self.applied("exp", self.negative(self.power(argument, Constant(2.0))))
        inner = self.printed(argument)
        drawn = {"sqrt": self.root, "abs": self.magnitude}.get(function)
        return self.applied(function, inner) if drawn is None else drawn(inner)

    @abstractmethod
    def label(self, text: str) -> T:
        """Gives a name, which may be any text."""

    @abstractmethod
    def fraction(self, above: T, below: T) -> T: ...

    @abstractmethod
    def raised(self, base: T, exponent: T) -> T: ...

    @abstractmethod
    def root(self, inner: T) -> T: ...

    @abstractmethod
    def magnitude(self, inner: T) -> T: ...

    @abstractmethod
    def applied(self, function: str, inner: T) -> T:
        """Gives a function's name and its argument in parentheses."""
