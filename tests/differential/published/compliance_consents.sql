FROM compliance_consents WHERE users_total > 0
