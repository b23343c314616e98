"""The engine process, and how the HTTP process asks it."""
