"""The network that a train spec fixes, or leaves to the recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kan.config import NetworkConfig
from kan.config_json import read_fields
from kan.errors import InvalidConfig
from service.domain.leasing.starts import Start
from service.domain.limits import Limits
from service.domain.signatures import network_facts
from service.domain.specs.faults import invalid


def is_auto(spec: Mapping[str, Any]) -> bool:
    """Does the spec leave the network to the preset?"""
    return spec.get("network") in (None, "auto")


def network_of(spec: Mapping[str, Any], *, search: bool, limits: Limits) -> NetworkConfig:
    """Gives the network of the spec; where the recipe searches, only a start value.

    Raises:
        InvalidSpec: no network can be so, or the recipe looks for one itself.
    """
    if is_auto(spec):
        return NetworkConfig()
    if search:
        raise invalid("/network", "conflict", 'a recipe with a "choose" stage finds the network: expected "auto"')
    values = {key: value for key, value in spec["network"].items() if value is not None}
    try:
        config: NetworkConfig = read_fields(NetworkConfig, values)
    except InvalidConfig as error:
        raise invalid(f"/network/{error.field}", "invalid_network", error.message) from error
    if len(config.multiply) > len(config.hidden):
        message = "expected one entry for each hidden layer: a target is no product, for its mean is taken off"
        raise invalid("/network/multiply", "invalid_network", message)
    if len(config.hidden) > limits.max_hidden_layers:
        raise invalid(
            "/network/hidden", "too_many_layers", f"expected at most {limits.max_hidden_layers} hidden layers"
        )
    return config


def shown_network(config: NetworkConfig, *, search: bool, start: Start | None) -> Any:
    """Gives the network as the resolved spec shows it."""
    if start is not None:
        return network_facts(start.state)["network"]
    return "auto" if search else config.to_json()
