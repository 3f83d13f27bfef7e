"""What an event is like in numbers, a module a family: NAMES, features(seen, habits), and what else detectors.models.families asks for."""
