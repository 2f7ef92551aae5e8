"""The tasks, except for the mazes of HIRO and NORL."""
