"""What each service should be let through (wanted), what the network says it lets through (actual), and the way from one to the other."""
