"""The journal: days, entries, drafts and the change log that others follow.

Owns writings of every kind. May be called by every room above it.
"""
