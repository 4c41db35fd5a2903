__all__ = ["client", "server"]
