"""Imports inside the package run downward only, and never in a circle (docs/architecture.md)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import pytest

import hierax

PACKAGE = Path(hierax.__file__).parent
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
# What each floor may import besides itself. `cli` and the package's own __init__ may import all.
GROUND = {
    "atomic_files",
    "checks",
    "precision",
    "registry",
    "spec",
    "statistics",
    "to_json",
    "versions",
}
"""Modules that every floor may use; they use nothing of hierax but each other."""
BELOW = {
    **dict.fromkeys(GROUND, GROUND),
    "planning": GROUND,
    "worlds": GROUND | {"planning"},
    "plotting": GROUND | {"planning", "worlds"},
    "agents": GROUND,
    "training": GROUND | {"agents", "planning", "worlds"},
    "experiments": GROUND | {"agents", "planning", "plotting", "training", "worlds"},
}


def imported_modules(name: str) -> Iterator[str]:
    """Modules of hierax that a module imports while it loads."""
    for node in statements_at_load(ast.parse(MODULES[name].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in MODULES:
            parts = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (part if part in MODULES else node.module for part in parts)


def statements_at_load(node: ast.AST) -> Iterator[ast.AST]:
    """All statements but those inside functions or for type checkers alone."""
    for child in ast.iter_child_nodes(node):
        for_checkers = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        if not for_checkers and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from statements_at_load(child)


def all_imports(name: str) -> set[str]:
    """First parts below `hierax` of whatever a module imports, wherever in its code."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} has a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {target.split(".")[1] for target in found if target.startswith("hierax.")}


def floor_of(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


@pytest.mark.parametrize("name", [name for name in MODULES if floor_of(name) in BELOW])
def test_imports_run_downward(name):
    floor = floor_of(name)
    assert all_imports(name) <= BELOW[floor] | {floor, "__version__"}


def test_imports_run_in_no_circle():
    graph = nx.DiGraph((name, target) for name in MODULES for target in imported_modules(name))
    graph.remove_edges_from(nx.selfloop_edges(graph))
    assert list(nx.simple_cycles(graph)) == []
