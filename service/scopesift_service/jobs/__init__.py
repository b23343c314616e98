"""What takes long or much memory, each in a process of its own: transfers and steerings."""
