"""Measurements, one question a file, started as `python -m benchmarks.NAME`; results/ keeps what they found."""
