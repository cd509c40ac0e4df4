"""Radios for the fake `bluetooth`: the product's code on a virtual Bluetooth link, and who connects to it."""
