"""Real parts for tests: brokers, Redis, PostgreSQL, mail and SMS sinks that can be told to misbehave, and the product itself."""
