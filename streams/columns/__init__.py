"""Closes and ticks of whole batches, in columns."""
