"""From what was asked to the cells that answer it, each with a key."""
