"""What every page shares: the request's unit of work, forms and their tokens, languages, headers.

A *unit of work* is one request's scope and transaction. A *form token* is a one-time key that a
form carries: it proves that the form came from our page and makes a second submit harmless.
"""
