"""What the `hierax` command can do: one file for each command, and what several of them share.

A command's file has a frozen dataclass ``Command``, whose documented fields are its arguments and
options and whose ``run()`` does it, and ``description()``, the text above them in its help. Nothing
that takes long to import is imported before ``run()``.
"""
