"""Stand-ins for the providers, faithful to the wire: the demo and the tests talk to them over real HTTP."""
