"""Experiments: one file for each claim of a paper; `reproduce` runs one and writes its evidence."""

from hierax.experiments.registry import EXPERIMENTS, Experiment, find, load, reproduce, restate

__all__ = ["EXPERIMENTS", "Experiment", "find", "load", "reproduce", "restate"]
