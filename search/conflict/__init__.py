"""Rules that cannot hold together: which, where, and the least that must give way.

pieces and programme know nothing of rules; rows says what rules ask of prices; find looks for conflicts; words and
changes say what was found.
"""
