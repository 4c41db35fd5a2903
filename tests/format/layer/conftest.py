"""No deadlines here: time is measured in benchmarks, and a loaded machine fails no test."""

from conformance.strategies.profiles import load_profile

load_profile("quick")
