"""The whole platform on one machine, on real parts that need no installation by hand."""
