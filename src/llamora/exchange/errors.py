"""What an import or export says when it cannot go on."""


class ExchangeError(Exception):
    """The file as a whole cannot be read or written; `str()` is one sentence."""
