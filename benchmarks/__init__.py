"""What the README's table of performance is made from. `make benchmarks` runs all of it; nothing here is a test."""
