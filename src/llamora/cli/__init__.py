"""The command line and the server's processes. Only `llamora.__main__` comes in here.

`program` names the commands and imports the rest when a command runs, so that `--help` is quick.
`server` is the parent that owns addresses and the runtime key, `worker` its child that answers.
"""
