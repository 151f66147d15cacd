"""Services and routes as values and patches. Pure."""
