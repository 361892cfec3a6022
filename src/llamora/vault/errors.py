"""What the vault can say when it refuses."""


class Unreadable(Exception):
    """These bytes do not open here. Deliberately without a reason: all causes look alike."""

    def __init__(self) -> None:
        super().__init__("This record cannot be opened.")


class Locked(Exception):
    """The vault was wiped; nothing can be sealed or opened with it any more."""

    def __init__(self) -> None:
        super().__init__("The journal is locked.")
