"""Settings of other makers' BMS, as JSON, into ours: what is dangerous for the cells is refused by name."""
