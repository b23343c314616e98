"""Output of commands: tables, progress and messages in the terminal."""
