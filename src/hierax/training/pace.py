"""The length of calls of compiled functions, so that signals never wait long for the end of one."""

TARGET_SECONDS = 1.0
MOST = 2**20


class Pace:
    """The number of iterations, or steps, that take about a second.

    Attributes:
        number: for the next call; 1 at first.
    """

    def __init__(self) -> None:
        self.number = 1

    def took(self, seconds: float, number: int) -> None:
        """Note how long a call took that made so many."""
        fitting = int(number * TARGET_SECONDS / max(seconds, 1e-6))
        self.number = max(1, min(2 * self.number, fitting, MOST))
