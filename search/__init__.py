"""Joint search of the price vector: problem, rules, optimisers, exact checker. Knows nothing of networks."""
