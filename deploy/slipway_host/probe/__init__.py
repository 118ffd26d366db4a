"""Looking at the host; nothing is written."""
