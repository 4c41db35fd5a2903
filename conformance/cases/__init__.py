"""Cases with a known verdict: mutants, which a check must fail; variants, which it must pass; and both as files."""
