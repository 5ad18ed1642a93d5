"""The cache keeps what is used, within its bytes, and is right under threads."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy.orm import Session, sessionmaker

from kan.state import NetworkState
from service.domain.errors import StoredDataDamaged
from service.domain.model_cache import ModelCache, load_model
from service.store.blobs import put_blob


@pytest.fixture
def versions(publish: Any, network_of: Any, regression: NetworkState) -> list[Any]:
    assert regression.encoding is not None
    encoding = regression.encoding
    return [publish(network_of(encoding.inputs, encoding.outputs, 3, seed), f"m{seed}") for seed in range(4)]


def test_a_model_is_loaded_once(write: sessionmaker[Session], versions: list[Any]) -> None:
    cache = ModelCache(10**9)
    with write() as session:
        first = cache.model_of(session, versions[0])
        assert cache.model_of(session, versions[0]) is first


def test_the_least_used_leaves_when_the_bytes_are_spent(write: sessionmaker[Session], versions: list[Any]) -> None:
    with write() as session:
        size = load_model(session, versions[0].blob_sha256).bytes
        cache = ModelCache(2 * size)
        first, second = (cache.model_of(session, version) for version in versions[:2])
        assert cache.model_of(session, versions[0]) is first
        cache.model_of(session, versions[2])
        assert cache.bytes <= 2 * size
        assert cache.model_of(session, versions[0]) is first
        assert cache.model_of(session, versions[1]) is not second


def test_a_model_larger_than_the_cache_is_served_but_not_kept(
    write: sessionmaker[Session], versions: list[Any]
) -> None:
    cache = ModelCache(1)
    with write() as session:
        assert cache.model_of(session, versions[0]).state.widths == (5, 3, 1)
    assert cache.bytes == 0


def test_threads_share_a_cache(write: sessionmaker[Session], versions: list[Any]) -> None:
    cache = ModelCache(10**9)

    def load(place: int) -> int:
        with write() as session:
            return cache.model_of(session, versions[place % 4]).bytes

    with ThreadPoolExecutor(8) as threads:
        sizes = list(threads.map(load, range(40)))
    assert cache.bytes == sum(sizes[:4])


def test_bytes_that_are_no_checkpoint_are_reported(write: sessionmaker[Session]) -> None:
    with write() as session:
        sha256 = put_blob(session, b"no checkpoint")
        with pytest.raises(StoredDataDamaged):
            load_model(session, sha256)


def test_small_models_count_with_the_objects_around_their_arrays(
    write: sessionmaker[Session], versions: list[Any]
) -> None:
    with write() as session:
        load_model(session, versions[0].blob_sha256)
        tracemalloc.start()
        models = [load_model(session, versions[0].blob_sha256) for _ in range(50)]
        for model in models:
            assert model.columns
        taken, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert 0.5 < taken / sum(model.bytes for model in models) < 1.5
