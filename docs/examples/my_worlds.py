"""Registers the world of own_world.py by its name, for `--import my_worlds`."""

from own_world import Shuttle

import hierax

hierax.register_world("Shuttle-v0", Shuttle, "a shuttle on a rail that must stop at a station")
