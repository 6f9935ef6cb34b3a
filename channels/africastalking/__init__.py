"""Africa's Talking: USSD, SMS, airtime and SIM-change insight on one account."""
