"""Work that one thread does for all."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from hierax.worlds.mujoco.one_thread import OneThread


def test_one_thread_works_for_all_and_they_get_what_they_asked_for():
    call, workers = OneThread("worker"), set()

    def double(number, *, plus=0):
        workers.add(threading.current_thread().name)
        return 2 * number + plus

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda number: call(double, number, plus=1), range(200))) == [
            2 * number + 1 for number in range(200)
        ]
    assert workers == {"worker"}


def test_an_error_is_the_callers_and_ends_nothing():
    call = OneThread("worker")
    with pytest.raises(ZeroDivisionError):
        call(lambda: 1 / 0)
    assert call(lambda: 3) == 3


def test_work_may_ask_for_more_work():
    call = OneThread("worker")
    assert call(lambda: call(lambda: 4) + 1) == 5
