"""What follows when an account uses up what it may owe."""
