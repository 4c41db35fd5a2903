"""What an implementation is put through: scenarios in, frozen observations out. One module for each role."""
