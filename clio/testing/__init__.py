"""For tests and benchmarks: a Messages server on this machine (:mod:`clio.testing.messages_server`)."""
