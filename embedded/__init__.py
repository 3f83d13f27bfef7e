"""The one-machine default: broker, Redis, mail catcher, SMS gateway and a simulated exchange, from wheels alone."""
