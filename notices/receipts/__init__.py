"""What providers and mail servers say of messages after they took them, each word of it verified first. Pure: the time is an argument."""
