"""The commands of `hierax`: one file for each command, and modules that several of them share.

The file of a command has a frozen dataclass ``Command``, whose documented fields are its arguments
and options, with a method ``run()``, and ``description()``, the text above them in its help. A
command whose options depend on its arguments has ``read(words)``. Modules that take
long to import are imported in ``run()``, apart from the classes whose fields are options.
"""
