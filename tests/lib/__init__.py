"""What the black-box tests share: a server, a broker, a SQL session, the .slt runner.

Nothing here knows how millrace is built inside: it starts the binary, talks to its ports and
kills it.
"""
