"""A process that asks the batch model: ``python asking_batch.py <url> <jobs file> <count>``."""

import asyncio
import sys
from pathlib import Path

from back_ends import KEY, request

from vdata_resources.language.gemini_batch import GeminiBatchModel


async def main(url: str, jobs: str, count: str) -> None:
    model = GeminiBatchModel("test-model", KEY, Path(jobs), base_url=url, quiet_s=0.1, poll_s=0.05)
    await asyncio.gather(*(model.answer(request(f"question {number}")) for number in range(int(count))))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
