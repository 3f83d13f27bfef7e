"""Pure values and rules of Vigil. Standard library and msgspec only; no clock, no I/O."""
