"""What runs beside a lab or in its allocation, with nothing but Python's standard library (3.9 or newer)."""
