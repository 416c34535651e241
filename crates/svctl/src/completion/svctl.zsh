#compdef svctl
# Completion of svctl for zsh.

_svctl() {
    local -a replies folders others
    local reply
    replies=("${(@f)$(_CLAP_IFS=$'\n' _CLAP_COMPLETE_INDEX=$((CURRENT - 1)) COMPLETE=zsh svctl -- "${words[@]}" 2>/dev/null)}")
    for reply in $replies; do
        # A value, and behind a colon what it means.
        if [[ ${reply%%:*} == */ ]]; then
            folders+=("$reply")
        else
            others+=("$reply")
        fi
    done
    (( $#folders )) && _describe -V folder folders -S ''
    (( $#others )) && _describe -V value others
}

# As a file in $fpath this is run for the first completion; else it has been sourced.
if [[ $funcstack[1] == _svctl ]]; then
    _svctl "$@"
else
    compdef _svctl svctl
fi
