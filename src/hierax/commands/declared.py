"""The fields of agents and worlds as their source declares them, without importing it.

Help has to list them, and a mistyped name has to be refused, long before JAX is there. So name,
type, default and documentation of each field are read off the source of its dataclass.
"""

import ast
import dataclasses
import inspect
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

SOURCES: dict[str, tuple[str, str]] = {
    "sac": ("hierax.agents.sac", "SAC"),
    "td3": ("hierax.agents.td3", "TD3"),
    "lsp": ("hierax.agents.latent_space.agent", "LatentSpacePolicy"),
    "level": ("hierax.agents.latent_space.level", "Level"),
    "PointCross-v0": ("hierax.worlds.cross", "PointCross"),
    "SpinCross-v0": ("hierax.worlds.cross", "SpinCross"),
    "PointSpeed-v0": ("hierax.worlds.speed", "PointSpeed"),
    "SpinSpeed-v0": ("hierax.worlds.speed", "SpinSpeed"),
    "PointMaze-v0": ("hierax.worlds.point_maze", "PointMaze"),
}
"""Module and class of what has fields to set, by its name on the command line.

The worlds of MuJoCo have a catalogue of their own, which only options of such worlds ask for.
"""

_GIVEN = ("spec", "levels", "name")
"""Fields that an agent's world or a world's registry gives, or that have options of their own."""
_DOCUMENTED = re.compile(r"^ {4}(\w+): (.*(?:\n {5,}.*)*)", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Field:
    """A field of a dataclass.

    Attributes:
        name: what it is called.
        kind: its type, in which names that its module gives to types are spelt out.
        default: what it is without being set, as the source has it.
        summary: its documentation, in one line.
        owner: the class that declares it.
    """

    name: str
    kind: ast.expr
    default: str
    summary: str
    owner: str


def source_of(name: str) -> tuple[str, str] | None:
    """Module and class of what has this name, or None where nothing is known of its fields."""
    if name in SOURCES:
        return SOURCES[name]
    from hierax.worlds.mujoco.catalogue import ENTRIES

    return (ENTRIES[name].module, ENTRIES[name].world) if name in ENTRIES else None


@cache
def declared_fields(name: str) -> Mapping[str, Field]:
    """The fields of an agent or a world that can be set, in order.

    Raises:
        KeyError: where nothing is known of them, see `source_of`.
    """
    source = source_of(name)
    if source is None:
        raise KeyError(name)
    return _fields(*source)


def _fields(module: str, name: str) -> dict[str, Field]:
    tree = _parsed(module)
    (definition,) = (
        node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name
    )
    found: dict[str, Field] = {}
    for base in definition.bases:
        if isinstance(base, ast.Name):
            found |= _fields_of_base(tree, module, base.id)
    documented = _documentation(definition)
    aliases = _Aliases(tree)
    for node in definition.body:
        label = _field_name(node)
        if isinstance(node, ast.AnnAssign) and label is not None:
            kind = aliases.visit(node.annotation)
            default = ast.unparse(node.value) if node.value else ""
            found[label] = Field(label, kind, default, documented.get(label, ""), name)
    return found


def _fields_of_base(tree: ast.Module, module: str, base: str) -> dict[str, Field]:
    """Fields that a class has from one of its bases; from outside of hierax it has none."""
    if any(isinstance(node, ast.ClassDef) and node.name == base for node in tree.body):
        return _fields(module, base)
    for node in tree.body:
        source = node.module if isinstance(node, ast.ImportFrom) else None
        names = [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) else []
        if source is not None and source.startswith("hierax.") and base in names:
            return _fields(source, base)
    return {}


def _field_name(node: ast.stmt) -> str | None:
    """What a statement of a class declares as a field that can be set, if anything."""
    if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
        return None
    is_field = not ast.unparse(node.annotation).startswith("ClassVar")
    return node.target.id if is_field and node.target.id not in _GIVEN else None


def _documentation(definition: ast.ClassDef) -> dict[str, str]:
    """What the docstring says of each attribute."""
    _, _, section = inspect.cleandoc(ast.get_docstring(definition) or "").partition("Attributes:\n")
    return dict(_entries(section.partition("\n\n")[0]))


def _entries(section: str) -> Iterator[tuple[str, str]]:
    for name, text in _DOCUMENTED.findall(section):
        yield name, " ".join(text.split())


class _Aliases(ast.NodeTransformer):
    """Replaces the names that a module gives to types by what they stand for."""

    def __init__(self, tree: ast.Module):
        self._meaning = {
            node.target.id: node.value
            for node in tree.body
            if isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and node.value is not None
            and ast.unparse(node.annotation) == "TypeAlias"
        }

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """What a name stands for."""
        return self._meaning.get(node.id, node)


@cache
def _parsed(module: str) -> ast.Module:
    package, *folders, name = module.split(".")
    return ast.parse(files(package).joinpath(*folders, f"{name}.py").read_text("utf-8"))
