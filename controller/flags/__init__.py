"""Feature flags in the objects that hold them. Pure: objects in, values or patches out."""
