"""releasectl: what people type. It acts through the API alone, with the user's own rights, and decides nothing itself."""
