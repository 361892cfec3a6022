"""Search: by meaning and by words, over a lifetime, with nothing readable on disk."""
