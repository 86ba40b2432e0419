"""The review station: the pages and the API at which people see what is held and decide on it.

It reads and writes the store alone. The PLC is out of its reach: the edge process carries decisions out.
"""
