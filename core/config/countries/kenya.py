"""Kenya. Nothing beyond what holds everywhere: no figure of its own is known to us for the steps before a disconnection.

Source: the Energy Act 2019 and the Energy (Electricity Supply) rules leave the days of notice to the licence and the supply contract; an
operator writes those of its licence in `operator.yaml`.
"""

from core.config.countries.pack import Pack

PACK = Pack()
