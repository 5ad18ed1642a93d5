"""A version's network as it is stored, for those who only look at it: nothing that predicts is loaded with it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kan.checkpoint import load
from kan.encoding import Encoding
from kan.errors import CheckpointError
from kan.state import NetworkState
from service.domain.errors import StoredDataDamaged
from service.store.blobs import BlobDamaged, get_blob


def load_network(session: Session, blob_sha256: str) -> tuple[NetworkState, Encoding]:
    """Reads a checkpoint with its encoding.

    Raises:
        StoredDataDamaged: missing bytes, a wrong hash, or no checkpoint of a table's model.
    """
    try:
        state = load(get_blob(session, blob_sha256))
    except (BlobDamaged, CheckpointError):
        raise StoredDataDamaged("model version") from None
    if state.encoding is None:
        raise StoredDataDamaged("model version")
    return state, state.encoding
