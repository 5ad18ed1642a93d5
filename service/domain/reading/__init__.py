"""What a version says of itself: formulas, fronts, hypotheses, the shares of its inputs."""
