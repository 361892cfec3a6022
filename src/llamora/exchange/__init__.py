"""Exchange: journals from and to other programs, one module per format.

What is read comes from strangers: every module refuses by size before it reads, and takes what is
wrong with one entry as one entry less, told by its place and a reason, never by its words.
"""

from llamora.exchange.errors import ExchangeError
from llamora.exchange.reading import Imported, Skipped

__all__ = ["ExchangeError", "Imported", "Skipped"]
