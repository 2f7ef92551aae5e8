"""What bodies are asked to do, but for the mazes of HIRO and NORL."""
