"""The version that a training goes on from: what it was trained on, and what a spec leaves to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from kan.checkpoint import load
from kan.config import NetworkConfig
from kan.encoding import Encoding, LevelsInput
from kan.errors import CheckpointError
from kan.state import NetworkState
from service.domain.ancestors import root_training
from service.domain.errors import Fault, InvalidSpec, StoredDataDamaged
from service.domain.specs.columns import Columns
from service.domain.specs.versions import named_version
from service.store.blobs import BlobDamaged, get_blob
from service.store.tables import VersionRow

# What decides which rows judge.
SPLIT_FIELDS = ("seed", "test_fraction", "split_column")


@dataclass(frozen=True, eq=False)
class Start:
    """A version as the spec of a training that goes on from it sees it.

    Attributes:
        version: the parent.
        state: the network to start with, with its encoding.
        learnt: the resolved spec of the training that it, or an ancestor, comes from; empty where that is not known.
        knows_rows: False where no training was behind it.
    """

    version: VersionRow
    state: NetworkState
    learnt: Mapping[str, Any]
    knows_rows: bool = True

    @property
    def encoding(self) -> Encoding:
        """How its columns become numbers."""
        assert self.state.encoding is not None
        return self.state.encoding

    @property
    def config(self) -> NetworkConfig:
        """The shape of its network."""
        first = self.state.layers[0]
        products = [layer.products for layer in self.state.layers]
        facts = {"grid": first.grid, "degree": first.degree, "base": self.state.base}
        return NetworkConfig.of_shape(self.state.widths, products, **facts)

    @property
    def facts(self) -> dict[str, Any]:
        """What a resolved spec remembers of it."""
        row = self.version
        return {"model": row.model_name, "version": row.version, "version_id": row.id, "sha256": row.blob_sha256}


def find_start(session: Session, init: Mapping[str, Any]) -> Start:
    """Gives the version that a spec's `init` names.

    Raises:
        InvalidSpec: no such model or version.
        StoredDataDamaged: its bytes.
    """
    row = named_version(session, init, "/init")
    try:
        return start_of(session, row, load(get_blob(session, row.blob_sha256)))
    except (BlobDamaged, CheckpointError):
        raise StoredDataDamaged("model version") from None


def start_of(session: Session, version: VersionRow, state: NetworkState) -> Start:
    """Gives a version with the network that is to be started with.

    Args:
        session: to read with.
        version: the parent.
        state: its network, or what an edit made of it.

    Raises:
        InvalidSpec: a network that cannot be trained.
    """
    if state.outside != "linear":
        message = "expected a network whose splines go on as lines outside their grid; others cannot be trained"
        raise InvalidSpec(f"/init: {message}", [Fault("/init", "not_supported", message)])
    if len({layer.degree for layer in state.layers}) > 1:
        message = "expected a network whose layers have one degree; others cannot be trained"
        raise InvalidSpec(f"/init: {message}", [Fault("/init", "not_supported", message)])
    training = root_training(session, version)
    return Start(version, state, training.get("resolved") or {}, "expression" not in training)


def with_defaults(
    spec: Mapping[str, Any], start: Start, dataset_columns: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Gives the spec with the start's inputs, seed and split where it names none.

    Raises:
        InvalidSpec: it asks for a network or a preset of its own.
    """
    if spec.get("network") not in (None, "auto"):
        _refuse("/network", "conflict", "the network is that of the version to go on from: leave it out")
    if spec.get("preset") is not None:
        message = 'a preset starts anew: expected a recipe, such as [{"stage": "fit"}, {"stage": "refit"}], or neither'
        _refuse("/preset", "starts_anew", message)
    kept = {name: start.learnt.get(name) for name in SPLIT_FIELDS}
    if spec.get("test_fraction") is not None or kept["split_column"] not in [c["name"] for c in dataset_columns]:
        kept["split_column"] = None
    defaults = {**kept, "inputs": list(start.encoding.columns)}
    return {**spec, **{name: value for name, value in defaults.items() if spec.get(name) is None}}


def columns_of(start: Start, columns: Columns, dataset_columns: Sequence[Mapping[str, Any]]) -> Columns:
    """Gives the columns in the order of the start's network, with its levels.

    Args:
        start: what to go on from.
        columns: of the spec.
        dataset_columns: what the data set knows of its columns.

    Raises:
        InvalidSpec: other inputs, targets, types or another task; with a fault for every difference.
    """
    encoding, version = start.encoding, f"version {start.version.version} of {start.version.model_name}"
    targets = [item.name for item in encoding.outputs]
    dropped = {name for name, _ in encoding.dropped}
    given = [name for name in columns.inputs if name not in dropped]
    faults = []
    if set(given) != {item.column for item in encoding.inputs}:
        faults += _differences("/inputs", f"the inputs of {version}", given, encoding.columns)
    faults += _differences("/targets", f"the targets of {version}", columns.targets, targets)
    if not faults and columns.task != encoding.task:
        faults.append(Fault("/task", "not_the_versions", f"expected {encoding.task}, the task of {version}"))
    faults = faults or _other_types(encoding, version, dataset_columns)
    if faults:
        raise InvalidSpec(f"{faults[0].pointer}: {faults[0].message}", faults)
    return replace(
        columns,
        inputs=list(encoding.columns),
        targets=targets,
        input_levels=list(encoding.input_levels),
        outputs=encoding.network_outputs,
    )


def split_warnings(start: Start, dataset_id: str | None, resolved: Mapping[str, Any]) -> list[str]:
    """Says where rows that the start learnt from may judge what is trained from it."""
    if not start.knows_rows:
        return []
    if "test_dataset" in resolved:
        same = start.version.dataset_id not in (None, resolved["test_dataset"]["id"])
    else:
        same = start.version.dataset_id == dataset_id and all(
            name in start.learnt and start.learnt[name] == resolved[name] for name in SPLIT_FIELDS
        )
    text = (
        f"rows that version {start.version.version} learnt from may be among the test rows: data set, seed, "
        "test_fraction or split_column is not known to be that version's"
    )
    return [] if same else [text]


def _differences(pointer: str, what: str, given: Sequence[str], expected: Sequence[str]) -> list[Fault]:
    missing, more = (sorted(set(a) - set(b)) for a, b in ((expected, given), (given, expected)))
    named = {"missing": missing, "not among them": more}
    parts = [f"{word} {', '.join(map(repr, names[:10]))}" for word, names in named.items() if names]
    return [Fault(pointer, "not_the_versions", f"expected {what}; {'; '.join(parts)}")] if parts else []


def _other_types(encoding: Encoding, version: str, dataset_columns: Sequence[Mapping[str, Any]]) -> list[Fault]:
    types = {str(column["name"]): str(column["type"]) for column in dataset_columns}
    categories = {item.column for item in encoding.inputs if isinstance(item, LevelsInput)}
    expected = {name: "category" if name in categories else "number" for name in encoding.columns}
    return [
        Fault("/dataset", "other_type", f"column {name!r} is a {types[name]} in the data set and a {kind} in {version}")
        for name, kind in expected.items()
        if types[name] != kind
    ]


def _refuse(pointer: str, code: str, message: str) -> None:
    raise InvalidSpec(f"{pointer}: {message}", [Fault(pointer, code, message)])
