"""What the end-to-end tests are made of: the real binary, a raw client, scripted and real upstreams."""
