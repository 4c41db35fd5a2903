"""What a consumer is put through."""
