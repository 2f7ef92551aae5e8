"""Public names exist and are documented, and an import brings in no more than it has to."""

import dataclasses
import inspect
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

import pytest

import hierax

DOCUMENTED = (
    "hierax",
    "hierax.agents",
    "hierax.planning",
    "hierax.registry",
    "hierax.spec",
    "hierax.training",
    "hierax.worlds",
    "hierax.worlds.gymnasium",
)
PARTS = ("agents", "experiments", "planning", "plotting", "training", "worlds")


def public_names() -> list[tuple[str, str]]:
    return [(module, name) for module in DOCUMENTED for name in import_module(module).__all__]


def own_docstring(thing: object) -> str:
    """The docstring that was written for `thing`, not one that a dataclass or a base gave it."""
    written = vars(thing).get("__doc__") if inspect.isclass(thing) else thing.__doc__
    generated = dataclasses.is_dataclass(thing) and (written or "").startswith(f"{thing.__name__}(")
    return "" if generated else (written or "").strip()


def public_members(cls: type) -> Iterator[tuple[str, object]]:
    """Methods and properties that the class itself defines."""
    for name, member in vars(cls).items():
        function = getattr(member, "__func__", member)
        callable_or_property = inspect.isroutine(function) or isinstance(member, property)
        if not name.startswith("_") and callable_or_property:
            yield name, function


def modules_after(statement: str) -> set[str]:
    """Names of the modules that a fresh interpreter holds after `statement`.

    An attempt to import something that is not installed here counts as well.
    """
    program = (
        "import sys\n"
        "asked = set()\n"
        "class Listener:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        asked.add(name)\n"
        "sys.meta_path.insert(0, Listener())\n"
        f"{statement}\n"
        "print(*sorted(asked | set(sys.modules)), sep='\\n')\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return set(finished.stdout.split())


@pytest.mark.parametrize("module", DOCUMENTED)
def test_module_lists_its_public_names_once(module):
    names = import_module(module).__all__
    assert len(set(names)) == len(names)
    assert own_docstring(import_module(module))


@pytest.mark.parametrize(("module", "name"), public_names())
def test_public_name_is_documented(module, name):
    thing = getattr(import_module(module), name)
    if not (inspect.isclass(thing) or inspect.isroutine(thing) or isinstance(thing, ModuleType)):
        return  # a constant or a type alias is documented where it stands
    assert own_docstring(thing), f"{module}.{name} has no docstring"
    for member_name, member in public_members(thing) if inspect.isclass(thing) else ():
        assert own_docstring(member), f"{module}.{name}.{member_name} has no docstring"


@pytest.mark.parametrize("part", PARTS)
def test_parts_are_reached_by_name(part):
    assert getattr(hierax, part) is import_module(f"hierax.{part}")
    assert part in dir(hierax)


@pytest.mark.parametrize("function", ["load", "train"])
def test_functions_of_training_are_reached_by_name(function):
    assert getattr(hierax, function) is getattr(import_module("hierax.training"), function)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        hierax.nonsense  # noqa: B018


def test_importing_hierax_loads_nothing_heavy():
    heavy = {"jax", "numpy", "numba", "matplotlib", "scipy.sparse.linalg", "networkx"}
    assert not modules_after("import hierax") & (heavy | {"tyro", "rich", "hierax.planning"})


@pytest.mark.parametrize("module", ["hierax.planning", "hierax.worlds"])
def test_exact_planning_needs_no_simulator(module):
    roots = {name.partition(".")[0] for name in modules_after(f"import {module}")}
    assert not roots & {"mujoco", "mujoco_mjx", "gymnasium", "dm_control"}
