"""Sign-on by providers elsewhere (OpenID Connect): what they are asked, what they say, and whose account that opens."""
