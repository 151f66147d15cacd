"""The admission policies against every writer, without the controller."""
