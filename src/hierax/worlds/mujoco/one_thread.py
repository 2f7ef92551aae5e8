"""Work for which it matters which thread does it."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class OneThread:
    """Calls functions in a thread of its own, one after the other.

    It begins with the first call. Functions that `atexit` calls may still use it, which those of
    `concurrent.futures` may not.

    Args:
        name: of what it does, for errors.
    """

    def __init__(self, name: str):
        self._name = name
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._begin = threading.RLock()  # finalizers call, too, whenever they like
        self._thread: threading.Thread | None = None
        self._process = os.getpid()

    @property
    def left_behind(self) -> bool:
        """Whether the thread lives in the process that this one was forked from."""
        return self._thread is not None and os.getpid() != self._process

    def __call__(self, function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """What ``function`` returns or raises.

        Raises:
            RuntimeError: in a process that was forked when the thread had begun.
        """
        if self.left_behind:
            raise RuntimeError(
                f"{self._name} has begun in the process that this one was forked from and cannot "
                "go on here: start processes by 'spawn', or fork before"
            )
        if threading.current_thread() is self._thread:
            return function(*args, **options)
        return self._asked(function, *args, **options).result()

    def later(self, function: Callable[P, Any], *args: P.args, **options: P.kwargs) -> None:
        """Calls ``function`` when all is done that was asked for before, and waits for nothing."""
        if not self.left_behind:
            self._asked(function, *args, **options)

    def _asked(self, function: Callable[P, T], *args: P.args, **options: P.kwargs) -> Future[T]:
        with self._begin:
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
            except BaseException as error:  # the caller's, whatever it is
                done.set_exception(error)
            del done, call  # else the last one lives until the next
