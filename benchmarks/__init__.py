"""Speed, latency, memory: `python -m benchmarks` prints its set-up and its figures. Nothing here is asserted."""
