"""The stream: topics, agents, the batch unit. The only room that knows Faust; no rule lives here."""
