# bash completion of chaosctl.  It asks the command itself, so it knows every command and option that there is.

_chaosctl_commands() {
    "$1" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p'
}

# The options of a command, long and short: `  -j, --journal FILE   ...` and `      --json   ...`.
_chaosctl_options() {
    "$1" "$2" --help 2>/dev/null | sed -nE 's/^  ?(-[a-zA-Z]), (--[a-z-]+).*/\1 \2/p; s/^ +(--[a-z-]+).*/\1/p'
}

# The runs under way.
_chaosctl_runs() {
    "$1" status --json 2>/dev/null | sed -n 's/^ *"run": "\([^"]*\)",*$/\1/p'
}

_chaosctl() {
    local current=${COMP_WORDS[COMP_CWORD]} program=${COMP_WORDS[0]} command=${COMP_WORDS[1]}
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_chaosctl_commands "$program") --help --version" -- "$current")
    elif [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_chaosctl_options "$program" "$command")" -- "$current")
    elif [ "$command" = doctor ] || [ "$command" = exec ] || [ "$command" = discover ] || [ "$command" = explore ]; then
        mapfile -t COMPREPLY < <(compgen -c -- "$current")
    elif [[ " status top inject lift note continue down env " == *" $command "* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_chaosctl_runs "$program")" -- "$current")
    fi
    # Nothing of ours: file names, by `-o default`.
}

complete -o default -F _chaosctl chaosctl
