"""A thread that runs all calls which must run in the same thread."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class WorkerThread:
    """A thread that runs functions one after the other.

    It starts with the first call. Unlike the executors of `concurrent.futures` it can be used by
    functions that `atexit` calls.

    Args:
        name: name of the thread, used in errors.
    """

    def __init__(self, name: str):
        self._name = name
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._start = threading.RLock()  # reentrant: a finalizer may call at any moment
        self._thread: threading.Thread | None = None
        self._process = os.getpid()

    @property
    def is_lost(self) -> bool:
        """Whether the thread was started in a process from which this one was forked."""
        return self._thread is not None and os.getpid() != self._process

    def __call__(self, function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """Run ``function`` in the thread; return its result or raise its error.

        Raises:
            RuntimeError: in a process that was forked after the thread was started.
        """
        if self.is_lost:
            raise RuntimeError(
                f"the thread for {self._name} must be in this process, but was started before the "
                "fork: start processes with 'spawn', or fork earlier"
            )
        if threading.current_thread() is self._thread:
            return function(*args, **options)
        return self._submit(function, *args, **options).result()

    def call_later(self, function: Callable[P, Any], *args: P.args, **options: P.kwargs) -> None:
        """Run ``function`` after all earlier calls, without waiting for it."""
        if not self.is_lost:
            self._submit(function, *args, **options)

    def _submit(self, function: Callable[P, T], *args: P.args, **options: P.kwargs) -> Future[T]:
        with self._start:
            if self._thread is None:
                self._process = os.getpid()
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
        done: Future[T] = Future()
        self._calls.put((done, lambda: function(*args, **options)))
        return done

    def _work(self) -> None:
        while True:
            done, call = self._calls.get()
            try:
                done.set_result(call())
            except BaseException as error:  # passed on to the caller
                done.set_exception(error)
            del done, call  # otherwise the last call is kept alive until the next one
