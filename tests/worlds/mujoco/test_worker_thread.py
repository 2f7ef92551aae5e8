"""A thread that runs the calls of all other threads."""

import subprocess
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from hierax.worlds.mujoco import worker_thread
from hierax.worlds.mujoco.worker_thread import WorkerThread


def test_one_thread_runs_all_calls():
    call, workers = WorkerThread("worker"), set()

    def double(number, *, plus=0):
        workers.add(threading.current_thread().name)
        return 2 * number + plus

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda number: call(double, number, plus=1), range(200))) == [
            2 * number + 1 for number in range(200)
        ]
    assert workers == {"worker"}


def test_an_error_is_raised_in_the_caller():
    call = WorkerThread("worker")
    with pytest.raises(ZeroDivisionError):
        call(lambda: 1 / 0)
    assert call(lambda: 3) == 3


def test_calls_can_be_nested():
    call = WorkerThread("worker")
    assert call(lambda: call(lambda: 4) + 1) == 5


def test_call_later_runs_after_earlier_calls():
    call, order = WorkerThread("worker"), []

    def work():
        call.call_later(order.append, "later")
        order.append("now")

    call(work)
    call(lambda: None)
    assert order == ["now", "later"]


FORKED = """
import os, runpy, signal, sys
WorkerThread = runpy.run_path(sys.argv[1])["WorkerThread"]  # without importing JAX
call = WorkerThread("drawing")
assert not call.is_lost and call(lambda: 1) == 1
child = os.fork()
if child == 0:
    signal.alarm(50)
    call.call_later(print, "nobody does this")
    try:
        call(lambda: 1)
    except RuntimeError as error:
        told = "the thread for drawing must be in this process" in str(error)
        os._exit(0 if told and call.is_lost else 1)
    os._exit(2)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="processes are not forked here")
def test_a_call_in_a_forked_process_is_refused():
    done = subprocess.run(
        [sys.executable, "-c", FORKED, worker_thread.__file__],
        timeout=60,
        check=False,
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")


def test_arguments_are_released_after_a_call():
    class Kept:
        pass

    call, kept = WorkerThread("worker"), Kept()
    call(lambda held: None, kept)
    watched = weakref.ref(kept)
    del kept
    for _ in range(100):  # the thread may be on its way to wait
        if watched() is None:
            break
        time.sleep(0.01)
    assert watched() is None
