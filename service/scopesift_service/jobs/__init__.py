"""What takes long or much memory, each in a process of its own: transfers, changes of features, steerings."""
