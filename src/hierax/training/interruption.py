"""Ctrl-C and SIGTERM: a run is saved before it ends.

The signal is noted. The run is advanced by calls of about a second (`hierax.training.pace`), saved
after the call in which a signal came, and ended by `Interruption.end`.
"""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any, NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(BaseException):
    """A signal came where work may be left unfinished, see `Interruption.at_once`."""


class Interruption:
    """A context manager that notes signals instead of ending the process.

    A second signal raises at once. Signals are noted in the main thread only, and not those that
    the process ignores.
    """

    def __init__(self) -> None:
        self._number: int | None = None
        self._before: dict[int, Any] = {}
        self._at_once = False

    @property
    def asked(self) -> bool:
        """Whether a signal came."""
        return self._number is not None

    def end(self, message: str) -> NoReturn:
        """Raise what the signal means: KeyboardInterrupt, or SystemExit after a message."""
        if self._number != signal.SIGTERM:
            raise KeyboardInterrupt(message)
        print(f"terminated; {message}", file=sys.stderr, flush=True)
        raise SystemExit(128 + signal.SIGTERM)

    @contextlib.contextmanager
    def at_once(self) -> Iterator[None]:
        """Raise `Interrupted` as soon as a signal comes, inside a ``with`` statement.

        This is for work that changes nothing of a run, such as an evaluation.
        """
        self._at_once = True
        try:
            if self.asked:
                raise Interrupted
            yield
        finally:
            self._at_once = False

    def __enter__(self) -> "Interruption":
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                before = signal.getsignal(number)
                if before not in (None, signal.SIG_IGN):
                    self._before[number] = before
                    signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self.asked:
            self.end("the last steps are not saved, because a second signal came")
        self._number = number
        if self._at_once:
            raise Interrupted
