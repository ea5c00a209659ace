"""Pages about location numbers."""
