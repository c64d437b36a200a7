"""Requests within a service's limits of requests and tokens a minute, evenly spaced."""

import asyncio
from collections import deque

from aiolimiter import AsyncLimiter

# A service counts when a request arrives, not when it was sent. A minute and 1.2 s here is at least a minute
# there as long as the way takes no request 1.2 s longer than another.
WINDOW_S = 61.2

# Shares of a minute's limit that may go at once. For requests just enough to make up for timers that fire
# late; a request of more tokens than a tenth of the limit is let through when that tenth is free.
REQUEST_BURST = 0.01
TOKEN_BURST = 0.1


class Pace:
    """Lets requests through one by one, in the order in which they came.

    However many callers there are and however fast the answers come, no window of 61.2 s holds more than the
    limits, and long work gets 0.97 of them. One request of more tokens than the limit goes when no other was
    let through within the window. Bound to the event loop that first uses it.

    Args:
        requests_per_minute: None for no limit.
        tokens_per_minute: None for no limit.

    Raises:
        ValueError: a limit that is not positive.
    """

    def __init__(self, requests_per_minute: float | None, tokens_per_minute: float | None) -> None:
        self._requests = _Limit("requests_per_minute", requests_per_minute, 1, REQUEST_BURST)
        self._tokens = _Limit("tokens_per_minute", tokens_per_minute, 0, TOKEN_BURST)
        self._turn = asyncio.Lock()
        self._held_until = 0.0

    async def admit(self, tokens: int) -> None:
        """Wait until a request of so many tokens may be sent.

        aiolimiter lets small amounts overtake large ones, which could then wait for ever; so callers take
        turns.
        """
        async with self._turn:
            await asyncio.gather(self._requests.leak(1), self._tokens.leak(tokens))
            now = asyncio.get_running_loop().time()
            while (free := self._free_at(now, tokens)) > now:
                await asyncio.sleep(free - now)
                now = asyncio.get_running_loop().time()
            self._requests.count(now, 1)
            self._tokens.count(now, tokens)

    def hold(self, seconds: float) -> None:
        """Let nothing through for so long: the service says that its limit is reached."""
        self._held_until = max(self._held_until, asyncio.get_running_loop().time() + seconds)

    def _free_at(self, now: float, tokens: int) -> float:
        return max(self._held_until, self._requests.free_at(now, 1), self._tokens.free_at(now, tokens))


class _Limit:
    """A leaky bucket, which spaces, and a log of the last minute, which proves that the limit is kept.

    A bucket alone lets its capacity through in excess of the rate, and one large request may straddle the
    ends of a minute.
    """

    def __init__(self, name: str, per_minute: float | None, least: float, burst: float) -> None:
        if per_minute is not None and not per_minute > 0:
            raise ValueError(f"{name}: {per_minute} is not above 0: leave it out for no limit")
        self._per_minute = per_minute
        self._log: deque[tuple[float, float]] = deque()
        self._logged = 0.0
        if per_minute is not None:
            self._capacity = least + burst * per_minute
            self._bucket = AsyncLimiter(self._capacity, self._capacity / per_minute * WINDOW_S)

    async def leak(self, amount: float) -> None:
        """Wait for the bucket."""
        if self._per_minute is not None:
            await self._bucket.acquire(min(amount, self._capacity))

    def free_at(self, now: float, amount: float) -> float:
        """When the window has room for the amount, as things stand."""
        if self._per_minute is None:
            return now
        while self._log and self._log[0][0] + WINDOW_S <= now:
            self._logged -= self._log.popleft()[1]
        excess = self._logged + amount - self._per_minute
        free = now
        for moment, logged in self._log:
            if excess <= 0:
                break
            free, excess = moment + WINDOW_S, excess - logged
        return free

    def count(self, now: float, amount: float) -> None:
        """Enter an amount that is let through now."""
        if self._per_minute is not None:
            self._log.append((now, amount))
            self._logged += amount
