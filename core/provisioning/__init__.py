"""What each service should be let through (desired), what the network says it lets through (actual), and the way between."""
