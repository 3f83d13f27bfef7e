"""What people tune, typed. The only room that reads the environment."""
