"""How apps get a token: registration, the page that asks the person, the token itself. RFC 6749, 7636, 7009, 8414."""
