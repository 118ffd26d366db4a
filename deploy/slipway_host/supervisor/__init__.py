"""The process that keeps an engine alive."""
