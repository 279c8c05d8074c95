"""Where a run's figures go beside its own files: one tracker a file, each reads what the run left."""
