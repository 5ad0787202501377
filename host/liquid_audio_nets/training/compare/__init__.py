"""Other small networks in the same pipeline, to compare with: one file an architecture, all of them in registry.py."""
