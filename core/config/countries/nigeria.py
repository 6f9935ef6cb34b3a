"""Nigeria, electricity: ten days to pay, two working days of notice, ten after a corrected bill, nothing charged while disconnected.

Source: the Nigerian Electricity Regulatory Commission's customer-protection rules on connection and disconnection (design notes,
domain.md, "Protections to encode as a country pack"). An operator's counsel confirms the paragraph for its licence.
"""

from core.config.countries.pack import Pack

PACK = Pack(
    ladder={
        "pay_days": 10,  # from the delivery of the bill to its payment date
        "notice_working_days": 2,  # between the notice and the disconnection
        "corrected_working_days": 10,  # after a bill was put right
    },
    charge_while_off=False,  # no billing while disconnected
)
