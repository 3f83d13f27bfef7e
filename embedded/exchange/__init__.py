"""A simulated exchange: seeded people with habits, honest surprises, and attacks whose truth is written down.

`world.Exchange` makes events and knows nothing of brokers; `publish` brings them to Kafka.
"""
