"""Studies over languages and layers, and cost estimates."""
