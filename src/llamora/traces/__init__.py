"""Traces: the labels on entries, and what they tell of each other. Pages are above; days below."""
