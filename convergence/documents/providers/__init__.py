"""Providers of people's signatures, behind one interface (`base`)."""
