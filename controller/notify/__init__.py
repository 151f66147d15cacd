"""CloudEvents to those whom the administrators name."""
