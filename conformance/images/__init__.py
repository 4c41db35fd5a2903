"""Images, layers and archives made in memory for tests and trials: conforming ones, drafts to edit, tampered ones."""
