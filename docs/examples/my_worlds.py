"""Registers the worlds of own_world.py and own_goals.py by name, for `--import my_worlds`."""

from own_goals import Harbour
from own_world import Shuttle

import hierax

hierax.register_world("Shuttle-v0", Shuttle, "a shuttle on a rail that must stop at a station")
hierax.register_world("Harbour-v0", Harbour, "a boat that must sail round a pier to its berth")
