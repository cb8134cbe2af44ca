"""Stands where the packet of this twin would be generated from its seed: the format is what is tested."""
