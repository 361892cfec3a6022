"""Llamora: a local-first, encrypted journal organised by time."""

__version__ = "0.1.0"
