"""Each output as the sum of its last layer's edges, and what share of its variance each of them makes, with its sign.

Cov(term, output) / Var(output) over all terms of an output sums to 1. A share is negative where the term works against
the others; two edges that cancel make no large number, for nothing is divided by the spread of an edge.

Of an output that is a product a term is the edge times the other factors, over the number of factors: these too sum to
the output.
"""

from collections.abc import Iterator

import numpy as np

from kan.cost import rows_per_block
from kan.predictor import edge_values, evaluate_layers
from kan.state import Array, NetworkState

# An output that varies by no more of its terms than rounding does not vary.
ROUNDING = 1e-12


def output_shares(state: NetworkState, x: Array) -> Array:
    """Gives what share of its output's variance every edge of the last layer makes.

    Args:
        state: the network.
        x: (rows, inputs) in network units, at least one row.

    Returns:
        (nodes before the last layer, sums of the last layer); those of an output's sums add up to 1, or are all 0 where
        it does not vary over the rows.

    Source: the covariance decomposition of a sum, as for ANOVA shares of dependent terms in Li et al., Global
    sensitivity analysis for systems with independent and/or correlated inputs (2010).
    """
    last = state.layers[-1]
    shape = (last.inputs, last.outputs)
    rows, mean_terms, mean_outputs = 0, np.zeros(shape), np.zeros(last.nodes)
    for terms, outputs in _blocks(state, x):
        rows += len(outputs)
        mean_terms += terms.sum(axis=0)
        mean_outputs += outputs.sum(axis=0)
    mean_terms, mean_outputs = mean_terms / rows, mean_outputs / rows
    covariance, spread, variance = np.zeros(shape), np.zeros(shape), np.zeros(last.nodes)
    for terms, outputs in _blocks(state, x):
        apart, around = outputs - mean_outputs, terms - mean_terms
        covariance += np.einsum("rij,rj->ij", around, apart[:, last.owners])
        spread += np.square(around).sum(axis=0)
        variance += np.square(apart).sum(axis=0)
    total = np.zeros(last.nodes)
    np.add.at(total, last.owners, spread.sum(axis=0))
    varies = variance > ROUNDING**2 * total
    shares = np.divide(covariance, variance[last.owners], out=np.zeros(shape), where=varies[last.owners])
    return np.asarray(shares)


def output_terms(state: NetworkState, x: Array) -> Array:
    """Gives the terms themselves: what every edge of the last layer adds to its output.

    Args:
        x: (rows, inputs) in network units.

    Returns:
        (rows, nodes before the last layer, sums); over the nodes and the sums of an output they add up to it.
    """
    last, entering = state.layers[-1], evaluate_layers(state, x)[-2]
    terms = np.empty((len(x), last.inputs, last.outputs))
    for source in range(last.inputs):
        terms[:, source] = edge_values(last, source, entering[:, source], base=state.base, outside=state.outside)
    sums = terms.sum(axis=1)
    for node in range(last.plain, last.nodes):
        factors = list(last.factors(node))
        for factor in factors:
            others = [other for other in factors if other != factor]
            terms[:, :, factor] *= (np.prod(sums[:, others], axis=1) / len(factors))[:, None]
    return terms


def _blocks(state: NetworkState, x: Array) -> Iterator[tuple[Array, Array]]:
    """Gives the terms and the outputs, block by block."""
    last = state.layers[-1]
    size = rows_per_block(last.inputs * last.outputs)
    for start in range(0, len(x), size):
        terms = output_terms(state, x[start : start + size])
        starts = [last.factors(node).start for node in range(last.nodes)]
        yield terms, np.add.reduceat(terms.sum(axis=1), starts, axis=1)
