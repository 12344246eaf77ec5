"""Mastodon's admin API, for those who look after the instance. Whoever they are, they are members of no group by it."""
