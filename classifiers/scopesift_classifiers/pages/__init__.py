"""Reports and explanations as HTML pages."""
