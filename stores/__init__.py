"""Redis, SQL and data files behind the ports that domain/ declares."""
