"""What was sent, why, and what came of it: sealed, chained, verified. Pure over rows that stores give."""
