"""SAE files as other projects publish them, each read into our conventions or refused."""
