"""What the service means by a data set, a job, a model and a prediction; no HTTP, no SQL text."""
