"""What a tariff can charge for: one file per kind of charge or model of price, each a frozen value that prices itself."""
