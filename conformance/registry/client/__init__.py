"""The client: requests within bounds, authentication, byte ranges, recorded exchanges."""
