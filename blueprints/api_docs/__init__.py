"""The OpenAPI document as pages to read."""
