"""Routes: requests and responses of each API, and the OpenAPI and discovery documents."""
