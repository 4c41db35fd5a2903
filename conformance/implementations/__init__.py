"""How a tool is driven (adapters, runner, outcomes), the reference implementation and the null clients."""
