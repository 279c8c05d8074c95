"""The rules, one a file; `catalogue` builds them from plain dicts. Imports nothing by itself."""
