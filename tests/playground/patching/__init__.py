"""How objects are changed, and who owns what afterwards."""
