"""Backbones from GGUF files, the format of llama.cpp and Ollama."""
