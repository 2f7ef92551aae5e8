"""Work for which it matters which thread does it."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class OneThread:
    """Calls functions in a thread of its own, one after the other, while callers wait.

    It begins with the first call. Functions that `atexit` calls may still use it, which those of
    `concurrent.futures` may not.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str):
        self._name = name
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._begin = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self, function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """What ``function`` returns or raises."""
        if threading.current_thread() is self._thread:
            return function(*args, **options)
        with self._begin:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
        done: Future[T] = Future()
        self._calls.put((done, lambda: function(*args, **options)))
        return done.result()

    def _work(self) -> None:
        while True:
            done, call = self._calls.get()
            try:
                done.set_result(call())
            except BaseException as error:  # the caller's, whatever it is
                done.set_exception(error)
