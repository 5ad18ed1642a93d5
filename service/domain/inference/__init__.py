"""The Open Inference Protocol: its tensors, its messages, its counts."""
