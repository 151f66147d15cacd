"""The judgement of a change before it goes out: pure functions of what people declare and of what can be seen."""
