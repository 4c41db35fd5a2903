"""Images, layers and archives generated in memory for tests and trials: conforming, drafts to edit, and tampered."""
