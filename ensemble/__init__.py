"""Demand models: bodies × heads, vmapped training, aggregation, price response, saving. Knows nothing of searches."""
