"""Releases told from beginning to end, with the product as Helm installs it."""
