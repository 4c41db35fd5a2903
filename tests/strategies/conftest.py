from conformance.strategies.profiles import load_profile

load_profile("quick")
