# fish completion for portillon. The program itself says what can follow: `portillon complete WORDS...`.
function __portillon_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct | string trim --left --chars "\"'")
    for line in ($words[1] complete $words[2..] "$typed" 2>/dev/null)
        switch $line
            case ':files*'
                __fish_complete_path "$typed"
            case ':folders*'
                __fish_complete_directories "$typed"
            case '*'
                echo $line
        end
    end
end
complete -c portillon -f -a '(__portillon_complete)'
