"""What commands print: tables, progress and messages in the terminal."""
