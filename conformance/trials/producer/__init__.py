"""What a producer is put through."""
