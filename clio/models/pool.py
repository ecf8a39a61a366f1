"""Coroutines in the background, results in order.

One thread with one event loop serves all calls of a backend, so that connections live on from call to call, requests of
several calls share one throttle, and everything works in a notebook, which has a running loop of its own.
"""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Generic, TypeVar
from weakref import WeakSet

from clio.errors import ClioError, ModelError

T = TypeVar("T")
Job = Callable[[], Coroutine[Any, Any, T]]
Step = Callable[[], Coroutine[Any, Any, None]]


class StoppedError(ModelError):
    """The writer was closed while a result was waited for."""

    def __init__(self) -> None:
        super().__init__("The writer was closed while its answers were waited for. What was bought is kept: ask again.")


class _Empty:
    """Stands where a result is not there yet."""


_EMPTY = _Empty()


class _Group(Generic[T]):
    """The jobs of one call. All but :meth:`wait` and :meth:`cancel` runs in the loop, or after it has ended."""

    def __init__(self, jobs: Sequence[Job[T]], loop: asyncio.AbstractEventLoop | None) -> None:
        self.jobs, self.loop = jobs, loop
        self.results: list[T | _Empty] = [_EMPTY] * len(jobs)
        self.left = len(jobs)
        self.error: BaseException | None = None
        self._changed = threading.Condition()
        self._waited_for = -1
        self._tasks: list[asyncio.Task[None]] = []

    def wait(self, number: int, seconds: float | None) -> None:
        """Until that result comes, or an error, or ``seconds`` have passed."""
        with self._changed:
            # Said before it is looked at: whoever brings the result meanwhile sees that it is waited for.
            self._waited_for = number
            if self.results[number] is _EMPTY and self.error is None:
                self._changed.wait(seconds)
            self._waited_for = -1

    def cancel(self) -> None:
        if self.loop is not None and self.left and self.error is None:
            with suppress(RuntimeError):  # the loop has closed meanwhile: nothing is left to stop
                self.loop.call_soon_threadsafe(self.stop, StoppedError())

    def start(self) -> None:
        if self.loop is not None and self.error is None:
            self._tasks += [self.loop.create_task(self._one(number, job)) for number, job in enumerate(self.jobs)]

    def stop(self, error: BaseException) -> None:
        """End with an error, unless it has ended; whoever waits hears of it before the jobs have come to their end."""
        if not self.left or self.error is not None:
            return
        with self._changed:
            self.error = error
            self._changed.notify_all()
        for task in self._tasks:
            task.cancel()

    async def _one(self, number: int, job: Job[T]) -> None:
        try:
            result = await job()
        except asyncio.CancelledError:
            self.stop(StoppedError())
            raise
        except ClioError as error:
            self.stop(error.with_traceback(None))  # its frames hold conversations
        except BaseException as error:  # noqa: BLE001 - carried over to the thread that waits, whatever it is
            self.stop(error)
        else:
            self.results[number] = result
            self.left -= 1
            if self._waited_for == number:  # waking a thread is dear: only for what it waits for
                with self._changed:
                    self._changed.notify_all()


class Ordered(Iterator[T], Generic[T]):
    """Results of the jobs of one call, in the jobs' order. The jobs run whether or not it is iterated.

    The first job that raises ends them all: the error comes at the first result that is not there. Closing it (or
    letting it go) cancels what is still running. Used from one thread.
    """

    def __init__(self, group: _Group[T]) -> None:
        self._group = group
        self._next = 0

    def __next__(self) -> T:
        group = self._group
        if self._next >= len(group.results):
            raise StopIteration
        while True:
            result = group.results[self._next]
            if not isinstance(result, _Empty):
                self._next += 1
                return result
            if group.error is not None:
                self._next = len(group.results)
                raise group.error
            group.wait(self._next, None)

    def done(self) -> bool:
        """Whether all results are there, or an error is."""
        return self._group.left == 0 or self._group.error is not None

    def wait(self, seconds: float) -> None:
        """Until the first result that is not there comes, or ``seconds`` have passed."""
        results = self._group.results
        waiting = next((number for number in range(self._next, len(results)) if results[number] is _EMPTY), None)
        if waiting is not None:
            self._group.wait(waiting, seconds)

    def close(self) -> None:
        """Cancel what is still running; nothing more comes."""
        self._next = len(self._group.results)
        self._group.cancel()

    def __del__(self) -> None:
        self.close()


class _Running:
    """A thread with its loop, from its start to its end."""

    def __init__(self, opening: Step, closing: Step) -> None:
        self._opening, self._closing = opening, closing
        self._stop = asyncio.Event()
        self.loop = _new_loop()
        self.ready: Future[None] = Future()
        self.groups: WeakSet[_Group[Any]] = WeakSet()
        self.thread = threading.Thread(target=self._run, name="clio-messages", daemon=True)

    def end(self) -> None:
        """Cancel what runs, close what was opened, wait for the thread; whoever still waits for a result is told."""
        with suppress(RuntimeError):  # the loop has closed by itself
            self.loop.call_soon_threadsafe(self._stop.set)
        if self.thread.ident is not None:
            self.thread.join()
        for group in list(self.groups):
            group.stop(StoppedError())

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
                runner.run(self._main())
        except BaseException as error:  # noqa: BLE001 - carried over to the thread that started this one
            if not self.ready.done():
                self.ready.set_exception(error)

    async def _main(self) -> None:
        opening = asyncio.create_task(self._opening())
        stopped = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait([opening, stopped], return_when=asyncio.FIRST_COMPLETED)
            # Packages and models that live as long as the process need not be looked through again and again: measured,
            # a tenth to a sixth of the time of a request.
            gc.freeze()
            if not opening.done():
                raise StoppedError
            await opening
            self.ready.set_result(None)
            await stopped
        finally:
            mine = asyncio.current_task()
            others = [task for task in asyncio.all_tasks() if task is not mine]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await self._closing()


class Pool:
    """A thread with an event loop, started at the first :meth:`submit` and again after :meth:`close`."""

    def __init__(self, opening: Step, closing: Step) -> None:
        self._opening, self._closing = opening, closing
        self._lock = threading.Lock()
        self._running: _Running | None = None

    def submit(self, jobs: Sequence[Job[T]]) -> Ordered[T]:
        """Start all jobs. Raises what ``opening`` raises."""
        if not jobs:
            return Ordered(_Group([], None))
        with self._lock:
            running = self._started()
            group = _Group(jobs, running.loop)
            running.groups.add(group)
            running.loop.call_soon_threadsafe(group.start)
        return Ordered(group)

    def open(self) -> None:
        """Start the thread now. Raises what ``opening`` raises."""
        with self._lock:
            self._started()

    def close(self) -> None:
        """Cancel what runs, close what was opened, end the thread. Safe to call twice, and from any other thread."""
        with self._lock:
            running, self._running = self._running, None
            if running is not None:
                running.end()

    def _started(self) -> _Running:
        if self._running is not None and self._running.thread.is_alive():
            return self._running
        running = _Running(self._opening, self._closing)
        try:
            running.thread.start()
            running.ready.result()
        except BaseException:  # it could not open, or somebody pressed Ctrl-C meanwhile
            running.end()
            raise
        self._running = running
        return running


def _new_loop() -> asyncio.AbstractEventLoop:
    """That of uvloop where it is installed (everywhere but on Windows): measured twice as fast per request."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
