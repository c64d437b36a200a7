"""What makes an export unusable as a whole."""


class BadExport(Exception):  # noqa: N818 - it is a fact about a file, not a fault of the program
    """An export that cannot be used at all.

    Attributes:
        reason: one sentence for a person: the file, the field, the value and what to do.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
