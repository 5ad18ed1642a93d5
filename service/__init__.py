"""The HTTP service and its workers: data sets, jobs, models, predictions and curves."""
