"""Routes: what each API takes and answers, and the documents that describe them."""
