"""The formats of records: each module lists what it reads in ``FORMATS``."""
