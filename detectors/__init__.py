"""What to look for. A detector is a pair: a .py with `score_one` and `learn_one`, a .yml with id, severity, why, parameters, cases."""
