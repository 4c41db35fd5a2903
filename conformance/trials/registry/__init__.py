"""What a registry is put through."""
