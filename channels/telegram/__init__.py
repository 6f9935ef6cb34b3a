"""Telegram, as a bot."""
