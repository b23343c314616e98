"""The rows of e5's task-type classifier: what kind of text is it, in six labels."""
