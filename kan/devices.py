"""The devices that torch can train on here."""

import torch


def available_devices() -> tuple[str, ...]:
    """Gives the GPUs by number, then the CPU: ("cuda:0", "cuda:1", "cpu")."""
    return (*(f"cuda:{number}" for number in range(torch.cuda.device_count())), "cpu")
