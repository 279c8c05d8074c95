"""Demand over a season that products have only once: what past seasons teach, and what the running one adds."""
