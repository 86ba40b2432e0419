"""The edge process: acquires, judges, records, and speaks with the line; and the command line over it all."""
