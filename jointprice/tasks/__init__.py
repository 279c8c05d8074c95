"""One task a file; each is `execute(config, output, given=None) -> summary`."""
