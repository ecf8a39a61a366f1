"""Blocks of work on all cores without the maths libraries' own threads.

Those threads wait for each other in busy loops: on cores shared with other work a matrix product becomes ten times
slower, and how the work is split can reach the low bits. Here each block is computed by one thread, several at a time.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def cores() -> int:
    """Cores this process may use, at most ``OMP_NUM_THREADS`` where that is set."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(count, int(limit)) if limit.isdigit() else count)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Matrix products use the calling thread alone until the block ends; then what was set before is back."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield


def in_order(work: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """``map(work, items)`` on all cores, results in order, only a few of them held at once."""
    import faiss

    workers = cores()
    waiting: deque[Future[R]] = deque()
    with one_thread_each(), ThreadPoolExecutor(workers, "clio-vectors", faiss.omp_set_num_threads, (1,)) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
