"""The commands about text that the model itself writes: `steer` and `trace`."""
