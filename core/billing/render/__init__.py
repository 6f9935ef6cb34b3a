"""A bill as a person reads it: one view model, laid out as HTML, PDF, SMS and USSD."""
