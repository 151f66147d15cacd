"""Gates and their evidence, as functions of values: queries, verdicts and what pods say. Nothing here asks anybody."""
