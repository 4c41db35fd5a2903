"""Images with one document that readers interpret differently, or one part that does not match its descriptor.

Each violates one requirement of DOC, or one that is about every layer. The modules are private, so that the name of a
mutant does not state which of them has it: ``mutants.documents.label_twice``.
"""
