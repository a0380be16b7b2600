"""Where a run's time goes, and how it compares with other ways of doing the same.

Enters: the built command line. Leaves: tables, charts and every single figure. What is compared takes turns on one
machine and is told as ratios; what would take hours is measured in part and scaled, and says so.
"""
