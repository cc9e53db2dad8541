# bash completion for portillon. The program itself says what can follow: `portillon complete WORDS...`.
_portillon() {
    local cur words cword word
    if declare -F _get_comp_words_by_ref >/dev/null; then
        _get_comp_words_by_ref -n =: cur words cword
    else
        local line=${COMP_LINE:0:COMP_POINT}
        read -ra words <<<"$line"
        [[ $line != *' ' ]] || words+=("")
        cword=$((${#words[@]} - 1)) cur=${words[-1]}
    fi
    cur=${cur#[\"\']}
    # readline replaces only what stands behind the last of these two letters
    local kept=${cur%"${cur##*[=:]}"}
    COMPREPLY=()
    while IFS=$'\t' read -r word _; do
        case $word in
        :files | :folders)
            local -a names=()
            if [ "$word" = :files ]; then
                mapfile -t names < <(compgen -f -- "${cur#"$kept"}")
            else
                mapfile -t names < <(compgen -d -- "${cur#"$kept"}")
            fi
            COMPREPLY+=("${names[@]}")
            compopt -o filenames 2>/dev/null
            ;;
        *)
            COMPREPLY+=("${word#"$kept"}")
            [[ $word != *[=:] ]] || compopt -o nospace 2>/dev/null
            ;;
        esac
    done < <("${words[0]}" complete "${words[@]:1:cword-1}" "$cur" 2>/dev/null)
}
complete -F _portillon portillon
