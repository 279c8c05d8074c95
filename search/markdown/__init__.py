"""Prices over a horizon: what each next price is worth when later ones may only fall, and which are taken together."""
