"""The Lagrangian dual of a tabulated problem: an upper bound of the value, and prices read off it."""
