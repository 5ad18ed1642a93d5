"""Networks that are ready to predict, within a bound in bytes: the least recently used leaves first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from threading import Lock

import numpy as np
import orjson
from sqlalchemy.orm import Session

from kan.compiled_predictor import Predictor
from kan.encoding import Encoding
from kan.encoding_json import to_json
from kan.inside_range import InsideRange, inside_range
from kan.state import NetworkState
from service.domain.prediction_forms.columns import InputColumn, input_columns
from service.domain.stored_networks import load_network
from service.store.tables import VersionRow

# What the objects around the arrays of a network take, and those of its columns for each byte of their JSON; measured.
OBJECT_BYTES, BYTES_A_CHARACTER = 20_000, 4


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A version's network with its encoding, never None here, and what answers for it."""

    state: NetworkState
    encoding: Encoding
    predictor: Predictor
    bytes: int

    @cached_property
    def columns(self) -> tuple[InputColumn, ...]:
        """What it expects of each input column, found once."""
        return input_columns(self.encoding)

    @cached_property
    def inside(self) -> InsideRange | None:
        """The short way for rows within the training range, where there is one."""
        return inside_range(self.encoding)


class ModelCache:
    """Loaded models by the hash of their checkpoint; safe to share between threads.

    Attributes:
        max_bytes: held at most.
        hits, misses: networks that were asked for and held, and that had to be read.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.hits = self.misses = 0
        self._models: OrderedDict[str, LoadedModel] = OrderedDict()
        self._lock = Lock()
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """Bytes held now."""
        return self._bytes

    def model_of(self, session: Session, version: VersionRow) -> LoadedModel:
        """Gives a version's network; the database is asked for its bytes only when they are not held.

        Two threads that miss at the same time both load: that costs time once, and no lock is held while reading.

        Raises:
            StoredDataDamaged: the stored bytes are no checkpoint.
        """
        found = self.held(version)
        if found is not None:
            return found
        loaded = load_model(session, version.blob_sha256)
        self._keep(version.blob_sha256, loaded)
        return loaded

    def held(self, version: VersionRow) -> LoadedModel | None:
        """Gives a version's network if it is held."""
        with self._lock:
            found = self._models.get(version.blob_sha256)
            if found is not None:
                self._models.move_to_end(version.blob_sha256)
                self.hits += 1
            return found

    def drop(self, version: VersionRow) -> None:
        """Frees what is held of a version; the next one who asks for it loads it again."""
        with self._lock:
            dropped = self._models.pop(version.blob_sha256, None)
            self._bytes -= dropped.bytes if dropped else 0

    def _keep(self, key: str, model: LoadedModel) -> None:
        with self._lock:
            self.misses += 1
            if key in self._models or model.bytes > self.max_bytes:
                return
            self._models[key] = model
            self._bytes += model.bytes
            while self._bytes > self.max_bytes:
                _, dropped = self._models.popitem(last=False)
                self._bytes -= dropped.bytes


def load_model(session: Session, blob_sha256: str) -> LoadedModel:
    """Reads a checkpoint.

    Raises:
        StoredDataDamaged: missing bytes, a wrong hash, or no checkpoint of a table's model.
    """
    state, encoding = load_network(session, blob_sha256)
    predictor = Predictor(state)
    arrays = sum(array.nbytes for array in _arrays(state)) + predictor.nbytes
    objects = OBJECT_BYTES + BYTES_A_CHARACTER * len(orjson.dumps(to_json(encoding)))
    return LoadedModel(state, encoding, predictor, arrays + objects)


def _arrays(state: NetworkState) -> Iterator[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    for layer in state.layers:
        yield from (layer.knots, layer.coefficients, layer.base_weight, layer.spline_weight, layer.mask)
        yield from (table.values for table in layer.levels)
