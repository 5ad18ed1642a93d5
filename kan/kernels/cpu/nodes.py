"""From sums to nodes and back: a node is a sum, or a product of several (KAN 2.0, arXiv 2408.10205, section 2)."""

from kan.kernels.cpu.compiled import compiled


@compiled
def put_rows(layer, space, tile, x, start, rows):
    """Puts rows of the table into the first layer's values, by input; the rest of the tile repeats the last row."""
    values = tile * layer.values_before
    for i in range(layer.inputs):
        for n in range(tile):
            space.values[values + i * tile + n] = x[start + min(n, rows - 1), i]


@compiled
def put_nodes(layer, following, plan, space, tile, rows):
    """Puts the nodes behind a layer into the values of the next one."""
    values, sums = tile * following.values_before, tile * layer.sums_before
    for i in range(layer.plain):
        for n in range(tile):
            space.values[values + i * tile + n] = space.sums[sums + min(n, rows - 1) * layer.stride + i]
    for n in range(tile):
        factor = layer.plain
        for p in range(layer.n_products):
            at = values + (layer.plain + p) * tile + n
            space.values[at] = product(plan, layer, space, sums + min(n, rows - 1) * layer.stride + factor, p)
            factor += plan[layer.products + p]


@compiled
def put_outputs(layer, plan, space, tile, out, start, rows):
    """Copies the last nodes into the answer."""
    sums = tile * layer.sums_before
    for n in range(rows):
        row = sums + n * layer.stride
        for o in range(layer.plain):
            out[start + n, o] = space.sums[row + o]
        factor = layer.plain
        for p in range(layer.n_products):
            out[start + n, layer.plain + p] = product(plan, layer, space, row + factor, p)
            factor += plan[layer.products + p]


@compiled
def product(plan, layer, space, at, number):
    """Gives product `number` of the sums that start at `at`."""
    total = space.sums[at]
    for k in range(1, plan[layer.products + number]):
        total = total * space.sums[at + k]
    return total


@compiled
def pull_nodes(layer, plan, space, tile, rows, by_node, first, by_row, step):
    """Turns derivatives by nodes, `by_node[first + row * by_row + node * step]`, into derivatives by sums."""
    for n in range(rows):
        row, source = tile * layer.sums_before + n * layer.stride, first + n * by_row
        for o in range(layer.plain):
            space.pulls[row + o] = by_node[source + o * step]
        at = layer.plain
        for p in range(layer.n_products):
            arity = plan[layer.products + p]
            for k in range(arity):
                others = by_node[source + (layer.plain + p) * step]
                for j in range(arity):
                    if j != k:
                        others = others * space.sums[row + at + j]
                space.pulls[row + at + k] = others
            at += arity
        for o in range(layer.outputs, layer.stride):
            space.pulls[row + o] = 0
