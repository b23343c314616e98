"""HTTP: a request comes in, is admitted and read, and its answer goes out."""
