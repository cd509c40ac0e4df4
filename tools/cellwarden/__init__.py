"""The `cellwarden` command: everything a person does with a board from a computer."""
