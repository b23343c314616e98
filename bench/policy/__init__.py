"""Policy topics in eight languages, beside the figures of TextClass-Benchmark."""
