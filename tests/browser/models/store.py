"""Models for the tests of the model page: put into the server's own database, without a training."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.interpolate import BSpline

from kan.checkpoint import dump
from kan.encoding import Encoding, NumberInput, NumberOutput, Output
from kan.knots import uniform_knots
from kan.scores import scores
from kan.split import Part
from kan.state import LayerState, NetworkState
from kan.statistics import with_statistics
from service.domain.models import publish_version
from service.domain.reading.term_means import term_means
from service.domain.residuals import held_out_residuals
from service.domain.signatures import network_facts, signature
from service.store.blobs import put_blob
from service.store.engine import make_engine, session_factory
from tests.acceptance.conftest import Service
from tests.service.conftest import network

ROWS, GRID, DEGREE = 120, 10, 3


def publish(server: Service, state: NetworkState, name: str, **facts: Any) -> None:
    """Publishes a network under a name."""
    assert state.encoding is not None
    engine = make_engine(server.environment["KAN_DATABASE_URL"])
    with session_factory(engine)() as session:
        split = facts.pop("split", None)
        given: dict[str, Any] = {
            "signature": {**signature(state.encoding), **network_facts(state)},
            "metrics": {},
            "training": {"seconds": 1.5},
            "job_id": None,
            "dataset_id": None,
            "seed": 7,
        }
        publish_version(
            session,
            model_name=name,
            blob_sha256=put_blob(session, dump(state)),
            split_sha256=None if split is None else put_blob(session, split),
            **{**given, **facts},
        )
        session.commit()
    engine.dispose()


def publish_random(
    server: Service, name: str, inputs: int, hidden: int, *, output: str = "y", prefix: str = "x"
) -> None:
    """Publishes a network with random coefficients and without data."""
    columns = [f"{prefix}{number}" for number in range(inputs)]
    fields = tuple(NumberInput(column, column, 0.0, 1.0, -1.0, 1.0) for column in columns)
    outputs: tuple[Output, ...] = (NumberOutput(output, 0.0, 1.0),)
    publish(server, network(fields, outputs, hidden=hidden), name)


def publish_waves(server: Service, name: str) -> None:
    """Publishes splines of y = 3 sin(2 t) + u^2, with the rows that they were fitted to."""
    generator = np.random.default_rng(0)
    t, u = generator.uniform(-2.0, 2.0, (2, ROWS))
    table = {"t": t, "u": u, "y": 3.0 * np.sin(2.0 * t) + u**2}
    parts = np.resize(np.array([Part.TRAIN] * 3 + [Part.VALIDATION, Part.TEST], dtype=np.uint8), ROWS)
    encoding = Encoding(
        tuple(NumberInput(column, column, 0.0, 2.0, -2.0, 2.0) for column in ("t", "u")), (NumberOutput("y", 0.0, 1.0),)
    )
    state = NetworkState((_splines(),), encoding=encoding)
    x = np.column_stack([t, u]) / 2.0
    state = with_statistics(state, x[parts == Part.TRAIN])
    made = server.http.post(
        f"/v1/datasets?name={name}", json={"columns": {key: v.tolist() for key, v in table.items()}}
    )
    assert made.status_code == 201, made.text
    publish(
        server,
        state,
        name,
        dataset_id=made.json()["id"],
        split=parts.tobytes(),
        metrics=scores(state, table, parts, None),
        training={
            "seconds": 1.5,
            "term_means": term_means(state, table, parts == Part.TRAIN),
            "residuals": held_out_residuals(state, table, parts),
        },
    )


def _splines() -> LayerState:
    """Two edges of one layer: the least squares splines of both functions on [-1, 1]."""
    knots, x = uniform_knots(-1.0, 1.0, GRID, DEGREE), np.linspace(-1.0, 1.0, 400)
    basis = BSpline(knots, np.eye(GRID + DEGREE), DEGREE)(x)
    wanted = np.stack([3.0 * np.sin(4.0 * x), (2.0 * x) ** 2], axis=1)
    coefficients = np.asarray(np.linalg.lstsq(basis, wanted, rcond=None)[0].T[:, :, None], dtype=np.float64)
    ones, zeros = np.ones((2, 1)), np.zeros((2, 1))
    return LayerState(DEGREE, np.stack([knots] * 2), coefficients, zeros, ones, ones)
