"""The mazes of HIRO and NORL."""
