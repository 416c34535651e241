# Completion of svctl for bash.

_svctl() {
    local IFS=$'\n' rest=${COMP_LINE:0:COMP_POINT} current=$2 begun reply words=() i
    # bash divides words at @, : and = as well. What has no blank between is put together again.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        begun=${rest#"${rest%%[![:blank:]]*}"}
        if [[ $i == 0 || $begun != "$rest" || ! $rest ]]; then
            words+=("")
        fi
        if [[ $i == "$COMP_CWORD" ]]; then
            words[-1]+=$begun
        else
            words[-1]+=${COMP_WORDS[i]}
            rest=${begun#"${COMP_WORDS[i]}"}
        fi
    done
    begun=${words[-1]}
    # Of what is in front of the part that is completed, bash takes care.
    [[ $begun == *"$current" ]] && begun=${begun%"$current"} || begun=
    COMPREPLY=()
    for reply in $(_CLAP_IFS=$'\n' _CLAP_COMPLETE_INDEX=$((${#words[@]} - 1)) COMPLETE=bash svctl -- "${words[@]}" 2>/dev/null); do
        COMPREPLY+=("${reply#"$begun"}")
    done
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[=/] ]]; then
        compopt -o nospace
    fi
}

complete -o bashdefault -o default -F _svctl svctl
