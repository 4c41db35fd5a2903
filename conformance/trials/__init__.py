"""Trials of implementations: from scenarios to frozen observations. One module for each role."""
