"""A simulated board on a pseudo terminal: the product's code, its files in a folder."""
