"""The way of an alert before it is told, a stage a file: match, floor, inhibit, silence,
mute.

Each is a pure function of an alert's facts, of what is known, and of the time; what it decides says
why, as a :class:`~alerts.stages.decision.Reason` and in words for the ledger. ``path`` puts them in
their order.
"""
