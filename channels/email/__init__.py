"""E-mail: SMTP out, a pipe or a mailbox in."""
