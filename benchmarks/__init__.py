"""Measurements of the real server over HTTP. Run `uv run python -m benchmarks`."""
