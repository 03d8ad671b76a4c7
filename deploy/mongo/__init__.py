"""MongoDB: the replica set and its users."""
