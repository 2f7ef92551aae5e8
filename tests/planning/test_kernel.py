"""Python never calls a kernel without an entry point."""

from importlib import import_module

import pytest
from numba.core.dispatcher import Dispatcher

MODULES = ["chain", "greedy", "krylov", "ordering", "sweeps"]


@pytest.mark.parametrize("name", MODULES)
def test_kernels_without_an_entry_from_python_are_private_and_no_others(name):
    module = import_module(f"hierax.planning.{name}")
    kernels = {
        key: kernel for key, kernel in vars(module).items() if isinstance(kernel, Dispatcher)
    }
    assert kernels
    for key, kernel in kernels.items():
        without_entry = kernel.targetoptions.get("no_cpython_wrapper", False)
        assert without_entry == key.startswith("_"), key
