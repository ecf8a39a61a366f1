"""kura's own summarise step against an endpoint; run by the interpreter of an environment that has kura 0.5.4.

    PYTHON benchmarks/kura_summaries.py URL N CONCURRENCY

Started by ``benchmarks/facets.py --kura PYTHON``; prints one JSON object. kura 0.5.4 passes ``temperature``, which the
anthropic SDK no longer takes since 1.0: its environment needs ``anthropic<1``.
"""

import asyncio
import json
import os
import random
import sys
import time
from datetime import datetime, timezone

WORDS = "how can the table in my script be sorted by date when some rows are empty and others hold text please explain"


async def main(url: str, n: int, concurrency: int) -> None:
    os.environ |= {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "none"}
    from kura.summarisation import SummaryModel, summarise_conversations
    from kura.types import Conversation, Message

    rng, words, then = random.Random(0), WORDS.split(), datetime(2026, 1, 1, tzinfo=timezone.utc)  # noqa: UP017

    def made(number: int) -> Conversation:
        text = f"{' '.join(rng.choices(words, k=230))} ({number})"
        message = Message(created_at=then, role="user", content=text)
        return Conversation(chat_id=f"c{number}", created_at=then, messages=[message], metadata={})

    model = SummaryModel(model="anthropic/claude-haiku-5-5", max_concurrent_requests=concurrency)
    await summarise_conversations([made(-1)], model=model)  # packages are loaded
    conversations = [made(number) for number in range(n)]
    began, cpu = time.perf_counter(), time.process_time()
    summaries = await summarise_conversations(conversations, model=model)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(json.dumps({"rows": len(summaries), "seconds": round(seconds, 2), "cpu_ms": round(cpu / n * 1000, 3)}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
