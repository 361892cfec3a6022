"""The companion: what answers an entry when it is asked to, and only then."""
