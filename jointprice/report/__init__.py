"""report.html: what a run found, for people. Not for files that other systems read.

Matplotlib and Jinja are imported only inside this package.
"""
