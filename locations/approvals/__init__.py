"""MedCom's sheet of approved systems: read, compared with the former one, accepted."""
