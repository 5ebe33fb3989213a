"""The web server: processes that share one address, and threads that get whole requests alone.

`server.serve` listens and turns its process into the `main_process`, which starts `processes`; each is a
`web_process`, in which `gateway` brings the requests that granian receives to the WSGI application.
"""
