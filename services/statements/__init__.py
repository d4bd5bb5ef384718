"""What students did in a course as xAPI statements, for learning record stores."""
