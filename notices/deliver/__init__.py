"""Gets composed messages to their readers: providers from Apprise URLs, and a sender that fails over and retries."""
