"""Judges of what lies in the topics: pure, from records to findings.

A judge is told what should be there (``expect``), then what is (``see``), and ``close`` says how
the two differ. It keeps ids, times and digests, never contents.
"""
