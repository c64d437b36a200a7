"""Progress of long work as lines in a log: how far, how fast, how long still."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Progress:
    """Says every few seconds how far the work is, e.g. ``encode: 512/4096 images (12.5%), 98/s, 37 s left``.

    Attributes:
        what: the work, e.g. ``"encode"``.
        total: how many units there are.
        unit: their name, plural.
        log: where a line goes, e.g. ``context.log.info``.
        every: seconds between lines; the first comes no sooner, the last always comes if any did.
    """

    what: str
    total: int
    unit: str
    log: Callable[[str], object]
    every: float = 5.0
    done: int = field(default=0, init=False)
    started: float = field(default_factory=time.monotonic, init=False)
    spoke: float | None = field(default=None, init=False)

    def advance(self, units: int = 1) -> None:
        """Count ``units`` more as done, and speak if it is time."""
        self.done += units
        now = time.monotonic()
        finished = self.done >= self.total and self.spoke is not None
        if finished or now - (self.spoke or self.started) >= self.every:
            self.spoke = now
            self.log(self.line(now))

    def line(self, now: float) -> str:
        """The progress as one line of text."""
        rate = self.done / max(now - self.started, 1e-9)
        share = self.done / self.total if self.total else 1.0
        left = (self.total - self.done) / rate if rate else float("inf")
        return (
            f"{self.what}: {self.done:,}/{self.total:,} {self.unit} ({share:.1%}), "
            f"{rate:,.0f}/s, {left:,.0f} s left"
        )
