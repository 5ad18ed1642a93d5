"""The work as it stands between two stages, and how it is written into the journal."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from kan.config import NetworkConfig
from kan.config_constraints import SHAPES
from kan.network import Kan
from kan.optimizers.gauss_newton import network_outputs
from kan.problem import Problem
from kan.stages.members import Candidate
from kan.state import EdgeFormula, EdgeShape
from kan.symbolic.functions import NUMBERS
from kan.symbolic.written import is_written
from kan.train import Outcome, TrainStep

Tensors = dict[str, Tensor]
NONE = torch.empty(0, 3)


@dataclass(frozen=True)
class Work:
    """What a stage gets and hands on.

    Attributes:
        problem: the rows.
        config: the shape to build; of a search, the one that was chosen.
        network: as trained so far, None before the first fit.
        members: networks that a choice has fitted already, member m without fold m.
        candidate: what a search chose.
        curvature, slope: penalties of the network's edges, where they are the same for all.
        outcome: how the last fit ended.
        held_out: (validation rows, outputs) of networks that never saw these rows; their score is the honest one.
    """

    problem: Problem
    config: NetworkConfig
    network: Kan | None = None
    members: Mapping[int, Kan] = field(default_factory=dict)
    candidate: Candidate | None = None
    curvature: float = 0.0
    slope: float = 0.0
    outcome: Outcome = Outcome.MAX_STEPS
    held_out: Tensor | None = None


StageRun = Generator[TrainStep, None, Work]


def held_loss(work: Work) -> float:
    """Gives the mean loss of the held-out outputs on the validation rows; infinite before there are any."""
    if work.held_out is None:
        return float("inf")
    _, y = work.problem.at(work.problem.validation)
    rows = work.problem.loss.rows(work.held_out, y)
    return float(rows.mean())


def unlearnt(work: Work, network: Kan) -> Tensor:
    """Gives what a network's outputs on the validation rows lack to be the held-out ones, SHAPE (rows, outputs).

    After an average or a refit the network has learnt these rows, and its own outputs would flatter it. Zero where it
    never saw them, and where it has no finite output to compare.
    """
    outputs = network_outputs(network, work.problem.at(work.problem.validation)[0])
    apart = torch.zeros_like(outputs) if work.held_out is None else work.held_out - outputs
    return apart.where(apart.isfinite(), torch.zeros_like(apart))


def smoothest(work: Work) -> Work:
    """Gives the work with the least penalty."""
    return replace(work, curvature=0.0, slope=0.0)


def pack(work: Work) -> Tensors:
    """Writes what changes between stages as tensors."""
    tensors = {
        "penalty": torch.tensor([work.curvature, work.slope], dtype=torch.float64),
        "outcome": torch.tensor(list(Outcome).index(work.outcome)),
    }
    for name, network in [("network", work.network), *((f"member{m}", net) for m, net in work.members.items())]:
        if network is not None:
            tensors |= {f"{name}.{key}": value for key, value in pack_network(network).items()}
    if work.candidate is not None:
        c = work.candidate
        tensors["candidate"] = torch.tensor([c.hidden, c.grid, c.penalty, c.degree], dtype=torch.float64)
    if work.held_out is not None:
        tensors["held_out"] = work.held_out
    return tensors


def unpack(work: Work, tensors: Tensors) -> Work:
    """Reads what `pack` wrote; problem and config come from `work`."""
    names = sorted({key.split(".")[0] for key in tensors if "." in key})
    networks = {name: unpack_network(work, _under(tensors, name)) for name in names}
    numbers = sorted(int(name.removeprefix("member")) for name in names if name.startswith("member"))
    members = {number: networks[f"member{number}"] for number in numbers}
    curvature, slope = (float(value) for value in tensors["penalty"])
    candidate = None
    if "candidate" in tensors:
        hidden, grid, penalty, degree = (float(value) for value in tensors["candidate"])
        candidate = Candidate(int(hidden), int(grid), penalty, int(degree))
    network = networks.get("network")
    return Work(
        work.problem,
        work.config if network is None else network.config,
        network,
        members,
        candidate,
        curvature,
        slope,
        list(Outcome)[int(tensors["outcome"])],
        held_out.to(work.problem.x.device) if (held_out := tensors.get("held_out")) is not None else None,
    )


def pack_network(network: Kan) -> Tensors:
    """Writes a network's numbers, knots and base as tensors; product nodes, formulas and shapes where it has some."""
    written = _written(network)
    config = torch.tensor([float(network.config.base == "silu"), network.config.grid_eps], dtype=torch.float64)
    numbers = {key: value.detach() for key, value in network.state_dict().items() if not key.endswith(".constants")}
    facts = {
        f"{name}{i}": value
        for i, layer in enumerate(network.kan_layers)
        for name, value in (
            ("products", torch.tensor(layer.products)),
            ("formulas", _formula_rows(() if layer.formulas is None else layer.formulas.state(), written)),
            ("pruned_formulas", _formula_rows(layer.pruned_formulas, written)),
            ("shapes", torch.tensor([[s.source, s.target, SHAPES.index(s.kind)] for s in layer.shapes])),
        )
        if value.numel()
    }
    names = {"written": torch.tensor(list("\n".join(written).encode()), dtype=torch.uint8)} if written else {}
    return {**numbers, **facts, **names, "config": config}


def unpack_network(work: Work, tensors: Tensors) -> Kan:
    """Builds the network that `pack_network` wrote."""
    masks = [tensors[f"layers.{i}.mask"] for i in range(sum(key.endswith(".mask") for key in tensors))]
    products = [[int(p) for p in tensors.get(f"products{i}", ())] for i in range(len(masks))]
    nodes = [mask.shape[1] - sum(p) + len(p) for mask, p in zip(masks, products, strict=True)]
    degree = work.config.degree
    silu, grid_eps = (float(value) for value in tensors["config"])
    network = Kan(
        [masks[0].shape[0], *nodes],
        grid=tensors["layers.0.knots"].shape[1] - 2 * degree - 1,
        degree=degree,
        base="silu" if silu else "zero",
        grid_eps=grid_eps,
        input_levels=work.problem.input_levels,
        products=products,
    )
    network.load_state_dict({key: value for key, value in tensors.items() if key.startswith("layers.")})
    names = [*NUMBERS, *bytes(tensors["written"].tolist()).decode().split("\n")] if "written" in tensors else [*NUMBERS]
    for i, layer in enumerate(network.kan_layers):
        layer.put_formulas(_formulas(tensors.get(f"formulas{i}"), names))
        layer.pruned_formulas = _formulas(tensors.get(f"pruned_formulas{i}"), names)
        layer.shapes = tuple(EdgeShape(a, b, SHAPES[kind]) for a, b, kind in tensors.get(f"shapes{i}", NONE).tolist())
    return network.to(work.problem.x.device)


def _written(network: Kan) -> list[str]:
    """Gives the functions that are expressions, each once; behind those of the library they have numbers too."""
    layers = network.kan_layers
    kept = [formula.function for layer in layers for formula in layer.pruned_formulas]
    live = [function for layer in layers if layer.formulas is not None for function in layer.formulas.functions]
    return list(dict.fromkeys(function for function in (*live, *kept) if is_written(function)))


def _formula_rows(formulas: Sequence[EdgeFormula], written: Sequence[str]) -> Tensor:
    """Writes formulas as rows of source, target, number of the function, a, b, c, d."""
    numbers = {**NUMBERS, **{function: len(NUMBERS) + place for place, function in enumerate(written)}}
    rows = [[f.source, f.target, numbers[f.function], f.a, f.b, f.c, f.d] for f in formulas]
    return torch.tensor(rows, dtype=torch.float64)


def _formulas(rows: Tensor | None, names: Sequence[str]) -> tuple[EdgeFormula, ...]:
    found = [] if rows is None else rows.cpu().tolist()
    return tuple(EdgeFormula(int(row[0]), int(row[1]), names[int(row[2])], *row[3:]) for row in found)


def _under(tensors: Tensors, name: str) -> Tensors:
    return {key.removeprefix(name + "."): value for key, value in tensors.items() if key.startswith(name + ".")}
