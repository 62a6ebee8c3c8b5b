"""The errors a user may meet: each is one sentence that says what was found, what was expected and what to do."""

from __future__ import annotations


class VmtbenchError(Exception):
    """An expected failure; its message is one sentence for the user, shown without a trace."""


class InputError(VmtbenchError):
    """Wrong usage or unusable input: nothing was started (exit status 2)."""


class ItemError(VmtbenchError):
    """One item of a long step cannot be done; the others go on (exit status 1)."""


class TransientError(ItemError):
    """An item failed in a way that may pass; the work engine tries it again."""


class OutputError(VmtbenchError):
    """The output folder cannot take what is written (disk full, read-only); the step stops (exit status 1)."""


class Unavailable(VmtbenchError):
    """Something optional is not on this machine; `cure` is the exact command that gets it.

    >>> str(Unavailable("DINOv2 weights", "are not here", "vmtbench fetch dinov2-base"))
    'DINOv2 weights are not here; run: vmtbench fetch dinov2-base'
    """

    def __init__(self, what: str, found: str, cure: str) -> None:
        super().__init__(what, found, cure)  # all three, so that it survives pickling between workers
        self.what, self.found, self.cure = what, found, cure

    def __str__(self) -> str:
        return f"{self.what} {self.found}; run: {self.cure}"
