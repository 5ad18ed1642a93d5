"""Predictions of whole data sets as jobs: in parts that are kept as they come, so that none is lost or made twice."""
