"""What the API server knows about types."""
