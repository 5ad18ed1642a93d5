
double kan_level(int column, const char *text)
{
    for (int i = 0; i < KAN_INPUTS; i++) {
        const kan_input *item = &kan_inputs[i];
        if (item->kind != 2 || item->column != column)
            continue;
        if (text == NULL)
            return item->missing < 0 ? NAN : (double)item->missing;
        for (int k = 0; k < item->levels; k++)
            if (strcmp(text, kan_levels[item->first_level + k]) == 0)
                return (double)k;
        return (double)item->levels;
    }
    return NAN;
}

static double kan_bessel_j0(double x)
{
    double size = fabs(x), sums[2] = {0.0, 0.0}, term = 1.0;
    if (size < 25.0) {
        for (int k = 0; k < 16; k++)
            sums[0] += cos(size * sin((k + 0.5) * 3.141592653589793 / 32.0));
        return sums[0] / 16.0;
    }
    for (int k = 0; k < 16; k++) {
        sums[k % 2] += k % 4 < 2 ? term : -term;
        term *= -(2.0 * k + 1.0) * (2.0 * k + 1.0) / (8.0 * (k + 1.0) * size);
    }
    return (sums[0] * (cos(size) + sin(size)) + sums[1] * (cos(size) - sin(size))) / sqrt(3.141592653589793 * size);
}

static double kan_function(int number, double x)
{
    switch (number) {
    case 0: return x;
    case 1: return x * x;
    case 2: return x * x * x;
    case 3: return x * x * x * x;
    case 4: return x * x * x * x * x;
    case 5: return 1.0 / x;
    case 6: return 1.0 / (x * x);
    case 7: return 1.0 / (x * x * x);
    case 8: return 1.0 / (x * x * x * x);
    case 9: return 1.0 / (x * x * x * x * x);
    case 10: return sqrt(x);
    case 11: return 1.0 / sqrt(x);
    case 12: return exp(x);
    case 13: return log(x);
    case 14: return fabs(x);
    case 15: return sin(x);
    case 16: return cos(x);
    case 17: return tan(x);
    case 18: return tanh(x);
    case 19: return 0.5 * (1.0 + tanh(0.5 * x));
    case 20: return (double)((x > 0.0) - (x < 0.0));
    case 21: return asin(x);
    case 22: return acos(x);
    case 23: return atan(x);
    case 24: return atanh(x);
    case 25: return exp(-x * x);
    case 26: return kan_bessel_j0(x);
    default: return NAN;
    }
}

static double kan_silu(double x)
{
    double decay = exp(-fabs(x));
    return x * (x >= 0.0 ? 1.0 : decay) / (1.0 + decay);
}

static int kan_place(const kan_source *source, double x)
{
    int low = 0, high = source->breaks;
    while (low < high) {
        int middle = (low + high) / 2;
        if (kan_numbers[source->start + middle] <= x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static double kan_value(const kan_edge *edge, const kan_source *source, int place, double x)
{
    if (edge->kind == -2)
        return kan_numbers[edge->start + (int)x];
    if (edge->kind >= 0)
        return edge->a * kan_function(edge->kind, edge->b * x + edge->c) + edge->d;
    double distance = x - kan_numbers[source->start + (place > 0 ? place - 1 : 0)], value = 0.0;
    for (int power = edge->size - 1; power >= 0; power--)
        value = value * distance + kan_numbers[edge->start + place * edge->size + power];
    return value + edge->a * kan_silu(x);
}

static int kan_encoded(const kan_input *item, const double *columns, double *node)
{
    double value = columns[item->column];
    int is_missing = isnan(value);
    *node = 0.0;
    if (item->kind == 3)
        *node = (double)is_missing;
    if (item->kind == 0 || item->kind == 3)
        return 0;
    if (is_missing)
        value = item->kind == 1 ? item->fill : NAN;
    if (isnan(value))
        return 1;
    if (item->kind == 1) {
        if (!isnan(item->floor) && value < item->floor)
            value = item->floor;
        if (!isnan(item->ceiling) && value > item->ceiling)
            value = item->ceiling;
        value = (value - item->shift) / item->scale;
    }
    *node = value;
    return 0;
}

static void kan_behind(const kan_layer *layer, double *nodes)
{
    double sums[KAN_WIDTH] = {0.0};
    int places[KAN_WIDTH];
    for (int i = 0; i < layer->inputs; i++)
        places[i] = kan_place(&kan_sources[layer->first_source + i], nodes[i]);
    for (int k = 0; k < layer->edges; k++) {
        const kan_edge *edge = &kan_edges[layer->first_edge + k];
        const kan_source *source = &kan_sources[layer->first_source + edge->source];
        sums[edge->target] += kan_value(edge, source, places[edge->source], nodes[edge->source]);
    }
    int first = layer->sums, node;
    for (int k = 0; k < layer->products; k++)
        first -= kan_products[layer->first_product + k];
    for (node = 0; node < first; node++)
        nodes[node] = sums[node];
    for (int k = 0; k < layer->products; k++, node++) {
        nodes[node] = 1.0;
        for (int j = 0; j < kan_products[layer->first_product + k]; j++)
            nodes[node] *= sums[first++];
    }
}

static void kan_softmax(const double *logits, int count, double *answers)
{
    double most = logits[0], total = 0.0;
    for (int k = 1; k < count; k++)
        most = fmax(most, logits[k]);
    for (int k = 0; k < count; k++)
        total += answers[k] = exp(logits[k] - most);
    for (int k = 0; k < count; k++)
        answers[k] /= total;
}

int kan_predict(const double *columns, double *answers)
{
    /* One more, for the first of two classes, whose logit is 0. */
    double logits[KAN_WIDTH + 1] = {0.0}, *nodes = logits + KAN_BINARY;
    for (int i = 0; i < KAN_INPUTS; i++)
        if (kan_encoded(&kan_inputs[i], columns, &nodes[i]))
            return 1;
    for (int k = 0; k < KAN_LAYERS; k++)
        kan_behind(&kan_layers[k], nodes);
    for (int k = 0; k < KAN_ANSWERS - KAN_BINARY; k++)
        if (!isfinite(nodes[k]))
            return 1;
    if (KAN_CLASSES)
        kan_softmax(logits, KAN_ANSWERS, answers);
    else
        for (int k = 0; k < KAN_ANSWERS; k++)
            answers[k] = kan_outputs[k].mean + kan_outputs[k].std * nodes[k];
    return 0;
}
