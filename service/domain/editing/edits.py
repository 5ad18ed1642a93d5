"""Edits of a version: a child of it with other edges or nodes, and what that changed on the rows it learnt from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from kan.checkpoint import dump
from kan.edits import edited
from kan.errors import InvalidConfig
from kan.state import NetworkState
from service.domain.editing.measures import Measures, measure
from service.domain.errors import Fault, InvalidEdit
from service.domain.finite_numbers import finite
from service.domain.idempotency import Answer, RequestKey
from service.domain.leasing.children import submit_child
from service.domain.model_cache import ModelCache
from service.domain.models import VersionStatus, get_version, publish_version, with_units
from service.domain.reading.fitted_formulas import fitted_formula
from service.domain.residuals import kept_residuals
from service.domain.signatures import network_facts, signature
from service.store.blobs import put_blob
from service.store.datasets import find_dataset
from service.store.tables import VersionRow


@dataclass(frozen=True, eq=False)
class Edited:
    """What an edit comes to.

    Attributes:
        of: the version that was edited.
        state: the network after it.
        signature: of the child.
        operations: what was done.
        measures: what it changed.
    """

    of: VersionRow
    state: NetworkState
    signature: Mapping[str, Any]
    operations: Sequence[Any]
    measures: Measures

    @property
    def metrics(self) -> dict[str, Any]:
        """The metrics after the edit."""
        return dict(finite(self.measures.after))

    @property
    def facts(self) -> dict[str, Any]:
        """What a version remembers of the edit that made it."""
        return {
            "of": self.of.version,
            "operations": list(self.operations),
            "metrics_before": finite(self.measures.before),
            "certificate": finite(self.measures.certificate),
            "unmeasured": self.measures.unmeasured,
        }


def try_edit(
    session: Session,
    cache: ModelCache,
    version: VersionRow,
    operations: Sequence[Any],
    *,
    max_parameters: int,
    max_rows: int,
) -> Edited:
    """Gives what the operations make of a version; stores nothing.

    Args:
        session: to read with.
        version: which network.
        operations: as `kan.edits.edited` takes them.
        max_parameters: that the network may have afterwards.
        max_rows: of each part that are measured at most.

    Raises:
        InvalidEdit: an operation that is none, or does not fit the network; the faults point at it.
        StoredDataDamaged: the version's bytes, or those of its data set.
    """
    before = cache.model_of(session, version).state
    after = applied(before, operations, max_parameters)
    after, measures = measure(session, version, before, after, max_rows)
    return Edited(version, after, child_signature(session, version, after), operations, measures)


def submit_edit(
    session: Session,
    make: Callable[[], Edited],
    *,
    status: VersionStatus,
    answer_of: Callable[[VersionRow], Answer],
    request: RequestKey | None = None,
) -> Answer:
    """Stores the child of a version and its idempotency key in one transaction, and commits.

    Args:
        session: to write with.
        make: `try_edit` with another session; it may take a while, so no lock is held meanwhile.
        status: of the child.
        answer_of: gives what is answered.
        request: replays the first answer.

    Raises:
        InvalidEdit: nothing is stored.
        IdempotencyKeyReused, IdempotencyKeyInFlight: nothing is stored.
        ModelNotFound, VersionNotFound: the version was deleted meanwhile.
    """
    return submit_child(
        session, make, lambda edit: _stored(session, edit, status), answer_of=answer_of, request=request
    )


def child_signature(session: Session, version: VersionRow, state: NetworkState) -> dict[str, Any]:
    """Gives the signature of the child: a column may have left it, or come back."""
    assert state.encoding is not None
    dataset = find_dataset(session, version.dataset_id) if version.dataset_id else None
    columns = [*version.signature.get("inputs", ()), *version.signature.get("outputs", ())]
    units = {column["name"]: column.get("units") for column in columns} | (dataset.units if dataset else {})
    return with_units({**signature(state.encoding), **network_facts(state)}, units)


def _stored(session: Session, edit: Edited, status: VersionStatus) -> VersionRow:
    # Again, and by its number: it may have been deleted, and the name "latest" may have moved.
    parent = get_version(session, edit.of.model_name, str(edit.of.version))
    return publish_version(
        session,
        model_name=parent.model_name,
        blob_sha256=put_blob(session, dump(edit.state)),
        split_sha256=parent.split_sha256,
        signature=edit.signature,
        metrics=edit.metrics,
        training={"term_means": edit.measures.term_means, **kept_residuals(parent.training, edit.measures.residuals)},
        job_id=None,
        dataset_id=parent.dataset_id,
        seed=parent.seed,
        status=status,
        parent_id=parent.id,
        edit=edit.facts,
    )


def applied(state: NetworkState, operations: Sequence[Any], max_parameters: int) -> NetworkState:
    """Applies one operation after the other, so that none can outgrow the limit by more than itself.

    Raises:
        InvalidEdit: an operation that is none, or does not fit the network; the faults point at it.
    """
    for number, operation in enumerate(operations):
        _refuse_growth(number, _grown(state, operation), max_parameters)
        try:
            state = edited(state, [operation], fitted_formula)
        except InvalidConfig as error:
            pointer = f"/operations/{number}" + error.field.removeprefix("operations/0")
            raise InvalidEdit(f"{pointer}: {error.message}", [Fault(pointer, "invalid_value", error.message)]) from None
        _refuse_growth(number, network_facts(state)["parameters"], max_parameters)
    return state


def _grown(state: NetworkState, operation: Any) -> int:
    """Gives the parameters that an operation makes at most, before it is applied."""
    now, layers = network_facts(state)["parameters"], state.layers
    given = operation if isinstance(operation, Mapping) else {}
    grid, count, arity = (value if type(value) is int else 1 for value in map(given.get, ("grid", "count", "arity")))
    if given.get("op") == "refine":
        return int(now * max(1, -(-grid // layers[0].grid)))
    if given.get("op") == "expand_width":
        per_edge = layers[0].grid + layers[0].degree + 1
        return int(now + count * max(arity, 1) * per_edge * 2 * max(state.widths))
    return int(now)


def _refuse_growth(number: int, parameters: int, most: int) -> None:
    if parameters > most:
        pointer, message = f"/operations/{number}", f"expected a network of at most {most:,} parameters afterwards"
        raise InvalidEdit(f"{pointer}: {message}", [Fault(pointer, "too_large", message)])
