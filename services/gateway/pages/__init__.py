"""Pages for people, rendered on the server over the same use cases as the REST API (decision 19)."""
