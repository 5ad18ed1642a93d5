"""Losses of a row and their derivatives by its outputs, as `kan.losses` defines them."""

import math

from kan.kernels.cpu.compiled import compiled

# Half the squared error; the two cross-entropies, of one logit and of one logit per class.
SQUARED, LOGISTIC, SOFTMAX = 0, 1, 2


@compiled
def pull_loss(loss, out, y, start, rows, scale, by_node):
    """Gives the summed loss of a tile; fills its derivatives by the outputs, times `scale`."""
    outputs, total = out.shape[1], 0.0
    for n in range(rows):
        if loss == SQUARED:
            for o in range(outputs):
                error = out[n, o] - y[start + n, o]
                total += 0.5 * error * error
                by_node[n * outputs + o] = scale * error
        elif loss == LOGISTIC:
            total += _pull_logit(out[n, 0], y[start + n, 0], scale, n, by_node)
        else:
            total += _pull_classes(out, n, int(y[start + n, 0]), scale, by_node)
    return total


@compiled
def _pull_logit(logit, label, scale, n, by_node):
    """log(1 + exp(f)) - y f, with exp of a number that is not above 0."""
    small = math.exp(-abs(logit))
    gate = 1.0 / (1.0 + small) if logit >= 0 else small / (1.0 + small)
    by_node[n] = scale * (gate - label)
    return max(logit, 0.0) + math.log1p(small) - label * logit


@compiled
def _pull_classes(out, n, label, scale, by_node):
    """-log softmax(f)[y]."""
    outputs = out.shape[1]
    largest = out[n, 0]
    for o in range(1, outputs):
        largest = max(largest, out[n, o])
    total = 0.0
    for o in range(outputs):
        total += math.exp(out[n, o] - largest)
    for o in range(outputs):
        by_node[n * outputs + o] = scale * (math.exp(out[n, o] - largest) / total - (1.0 if o == label else 0.0))
    return math.log(total) + largest - out[n, label]
