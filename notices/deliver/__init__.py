"""Gets composed messages to their readers: providers from Apprise URLs, one recipient a message, and a sender that fails over and retries."""
