"""Detectors by family. A detector is a pair: a .py with `score_one` and `learn_one`, a .yml with id, severity, why, parameters and cases."""
