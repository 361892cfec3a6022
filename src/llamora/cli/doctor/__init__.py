"""`llamora-server doctor`: what a careful owner wants to know, one line each. It changes
nothing; with an account's password it signs in, which does what signing in always does.

Each look is a function that takes what it looks at and returns findings, so that it can be shown
something bad.
"""
