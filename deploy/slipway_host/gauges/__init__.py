"""What changes from moment to moment on a host: its cards, memory, disk and load, and the engine."""
