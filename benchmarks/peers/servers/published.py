"""Makes a database with one published model of shape [4, 5, 1] at grid 5, its numbers drawn by chance."""

import sys
from itertools import pairwise

import numpy as np

from kan.checkpoint import dump
from kan.encoding import Encoding, NumberInput, NumberOutput
from kan.knots import uniform_knots
from kan.state import LayerState, NetworkState
from service.domain.models import publish_version
from service.store.blobs import put_blob
from service.store.engine import make_engine, session_factory
from service.store.schema import migrate

WIDTHS, GRID, DEGREE = (4, 5, 1), 5, 3


def layer(generator, n_in, n_out):
    ones = np.ones((n_in, n_out))
    coefficients = generator.normal(size=(n_in, GRID + DEGREE, n_out))
    knots = np.stack([uniform_knots(-1.0, 1.0, GRID, DEGREE)] * n_in)
    return LayerState(DEGREE, knots, coefficients, ones, ones, ones)


def main():
    url, name = sys.argv[1:]
    generator = np.random.default_rng(0)
    names = [f"x{place}" for place in range(WIDTHS[0])]
    encoding = Encoding(
        tuple(NumberInput(each, each, 0.0, 1.0, -1.0, 1.0) for each in names), (NumberOutput("y", 0.0, 1.0),)
    )
    layers = tuple(layer(generator, a, b) for a, b in pairwise(WIDTHS))
    engine = make_engine(url)
    migrate(engine)
    with session_factory(engine)() as session:
        signature = {
            "task": "regression",
            "inputs": [{"name": each, "type": "number"} for each in names],
            "outputs": [{"name": "y", "type": "number"}],
            "parameters": sum(each.coefficients.size + 2 * each.mask.size for each in layers),
        }
        publish_version(
            session,
            model_name=name,
            blob_sha256=put_blob(session, dump(NetworkState(layers, encoding=encoding))),
            split_sha256=None,
            signature=signature,
            metrics={},
            training={},
            job_id=None,
            dataset_id=None,
            seed=None,
        )
        session.commit()
    engine.dispose()


main()
