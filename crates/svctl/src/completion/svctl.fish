# Completion of svctl for fish.

complete --command svctl --exclusive --keep-order --arguments "(COMPLETE=fish svctl -- (commandline --current-process --tokenize --cut-at-cursor) (commandline --current-token) 2>/dev/null)"
