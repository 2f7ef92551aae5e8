"""What is read off the source is what the classes have."""

import ast
import dataclasses
import importlib

import pytest

from hierax.agents import AGENTS
from hierax.commands.catalogue import LEARNING_WORLDS
from hierax.commands.declared import SOURCES, declared_fields


@pytest.mark.parametrize("name", SOURCES)
def test_fields_and_defaults_are_those_of_the_class(name):
    module, attribute = SOURCES[name]
    fields = dataclasses.fields(getattr(importlib.import_module(module), attribute))
    declared = declared_fields(name)
    own = ("spec", "levels", "name")  # which the world gives, and which have options of their own
    assert list(declared) == [field.name for field in fields if field.name not in own]
    for field in fields:
        if field.name in declared:
            assert ast.literal_eval(declared[field.name].default) == field.default


@pytest.mark.parametrize("name", SOURCES)
def test_every_field_is_documented(name):
    assert all(field.summary.endswith(".") for field in declared_fields(name).values())


def test_there_is_a_source_for_everything_that_help_names():
    assert set(SOURCES) == {*AGENTS, *LEARNING_WORLDS, "level"}
    for name, agent in AGENTS.items():
        assert SOURCES[name] == (agent.__module__, agent.__name__)


def test_names_of_types_are_spelt_out():
    kind = ast.unparse(declared_fields("PointMaze-v0")["goal"].kind)
    assert kind == "tuple[float, float] | Literal['multi']"


def test_a_field_knows_which_class_declares_it():
    fields = declared_fields("sac")
    assert (fields["discount"].owner, fields["prior"].owner) == ("OffPolicy", "SAC")
