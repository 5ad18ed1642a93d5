"""Which columns a training reads and predicts, checked against what the data set knows of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from service.domain.errors import Fault, InvalidSpec

MAX_CLASSES = 256
SMALLEST_TABLE = 5
_LISTED = 20


@dataclass(frozen=True)
class Columns:
    """The columns of a training.

    Attributes:
        input_levels: per network input its number of levels, None for a number; a column with missing numbers is two.
        outputs: network outputs.
    """

    inputs: list[str]
    targets: list[str]
    task: str
    input_levels: list[int | None]
    outputs: int
    warnings: list[str] = field(default_factory=list)


def choose_columns(spec: Mapping[str, Any], described: Sequence[Mapping[str, Any]], rows: int) -> Columns:
    """Gives inputs, targets and task.

    Raises:
        InvalidSpec: unknown, unusable or twice-named columns, or a table too small to learn from.
    """
    facts = {str(column["name"]): column for column in described}
    targets = _named(facts, spec.get("targets") or (), "targets")
    if not targets:
        raise InvalidSpec(
            "expected at least one target", [Fault("/targets", "missing", "expected at least one column")]
        )
    task = _task(spec, [facts[name] for name in targets])
    split = [spec["split_column"]] if spec.get("split_column") else []
    _named(facts, split, "split_column", usable=False)
    inputs = _inputs(spec, facts, {*targets, *split})
    _check_rows([facts[name] for name in targets], rows)
    outputs = _class_outputs(facts[targets[0]]) if task == "classification" else len(targets)
    levels = [count for name in inputs for count in _levels(facts[name])]
    left_out = [f"column {c['name']!r} is not used: {c['reason']}" for c in described if c["type"] == "ignored"]
    warnings = [] if spec.get("inputs") else left_out
    without = max(int(facts[name]["missing"]) for name in targets)
    if without:
        # Of several targets each may lack others.
        more = " or more" if len(targets) > 1 else ""
        warnings.append(f"{without} rows{more} have no target: they neither teach nor judge")
    return Columns(inputs, targets, task, levels, outputs, warnings)


def _class_outputs(target: Mapping[str, Any]) -> int:
    """Gives one output a class; of two classes one logit is enough."""
    classes = int(target["distinct"])
    return classes if classes > 2 else 1


def _inputs(spec: Mapping[str, Any], facts: Mapping[str, Mapping[str, Any]], taken: set[str]) -> list[str]:
    if spec.get("inputs") is not None:
        if not spec["inputs"]:
            _refuse([Fault("/inputs", "missing", "expected at least one column; leave it out for every usable one")])
        inputs = _named(facts, spec["inputs"], "inputs")
        both = [i for i, name in enumerate(inputs) if name in taken]
        if both:
            _refuse(
                [Fault(f"/inputs/{i}", "also_target", "a target or split column cannot be an input too") for i in both]
            )
        return inputs
    inputs = [name for name, column in facts.items() if column["type"] != "ignored" and name not in taken]
    if not inputs:
        _refuse([Fault("/inputs", "no_inputs", "the data set has no usable column beside the targets")])
    return inputs


def _named(
    facts: Mapping[str, Mapping[str, Any]], names: Sequence[str], where: str, *, usable: bool = True
) -> list[str]:
    """Checks that every name is a column, named once, from which something can be learnt."""
    faults = []
    for number, name in enumerate(names):
        pointer = f"/{where}" if where == "split_column" else f"/{where}/{number}"
        if name not in facts:
            faults.append(Fault(pointer, "unknown_column", _unknown(name, list(facts))))
        elif name in names[:number]:
            faults.append(Fault(pointer, "duplicate_column", "named twice"))
        elif usable and facts[name]["type"] == "ignored":
            reason = facts[name].get("reason", "unusable")
            code = "constant" if reason == "constant" else "unusable_column"
            faults.append(Fault(pointer, code, f"nothing can be learnt from this column: {reason}"))
    if faults:
        _refuse(faults)
    return list(names)


def _unknown(name: str, known: list[str]) -> str:
    """Says which columns there are, the closest one first in words."""
    close = get_close_matches(name, known, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    shown = ", ".join(known[:_LISTED]) + (f" and {len(known) - _LISTED} more" if len(known) > _LISTED else "")
    return f"no such column{hint}; expected one of {shown}"


def _task(spec: Mapping[str, Any], targets: Sequence[Mapping[str, Any]]) -> str:
    """Gives the task: of "auto", classification only where the target is a category column."""
    task = str(spec.get("task") or "auto")
    if task not in ("auto", "regression", "classification"):
        _refuse([Fault("/task", "unknown_task", "expected auto, regression or classification")])
    categories = [i for i, column in enumerate(targets) if column["type"] == "category"]
    if task == "auto":
        task = "classification" if categories else "regression"
    if task == "regression" and categories:
        _refuse([Fault(f"/targets/{i}", "not_a_number", "regression needs number columns") for i in categories])
    if task == "classification":
        _check_classes(targets)
    constant = [i for i, column in enumerate(targets) if int(column["distinct"]) < 2]
    if constant:
        _refuse([Fault(f"/targets/{i}", "constant", "every row has the same value") for i in constant])
    return task


def _check_classes(targets: Sequence[Mapping[str, Any]]) -> None:
    if len(targets) != 1:
        _refuse([Fault("/targets", "too_many_targets", "classification takes exactly one target")])
    distinct = int(targets[0]["distinct"])
    if not 2 <= distinct <= MAX_CLASSES:
        message = f"expected 2 to {MAX_CLASSES} classes, the column has {distinct}"
        _refuse([Fault("/targets/0", "wrong_class_count", message)])


def _check_rows(targets: Sequence[Mapping[str, Any]], rows: int) -> None:
    usable = rows - max(int(column["missing"]) for column in targets)
    if usable < SMALLEST_TABLE:
        message = f"expected at least {SMALLEST_TABLE} rows with a target, got {usable}"
        _refuse([Fault("/dataset", "too_few_rows", message)])


def _levels(column: Mapping[str, Any]) -> list[int | None]:
    """Gives the network inputs that a column becomes."""
    missing = int(column["missing"]) > 0
    if column["type"] == "category":
        return [int(column["distinct"]) + missing]
    return [None, 2] if missing else [None]


def _refuse(faults: list[Fault]) -> None:
    raise InvalidSpec(f"{faults[0].pointer}: {faults[0].message}", faults)
