"""The web: HTTP in, one sentence of domain, HTML out. One file of routes for each room."""
