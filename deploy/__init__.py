"""Running Hotseat: one machine and many."""
