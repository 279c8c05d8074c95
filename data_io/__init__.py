"""From tables to panels and back: read, validate, clean, panel, features, synthetic markets, write."""
