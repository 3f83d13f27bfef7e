"""From findings to messages: policy, composition, delivery."""
