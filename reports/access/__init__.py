"""Who looked at whom: the privacy officer's page, the report about one patient, and what stands out."""
