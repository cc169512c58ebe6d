namespace LoadBalancer.Worker.Processes;

/// <summary>
/// What <see cref="Guard"/> runs in <c>/bin/sh</c>. It reads lines: <c>add</c> and <c>del</c> with <c>GROUP:MARK</c> of a child, <c>fence</c>
/// with hundredths of a second after which all children are killed unless another such line or <c>lift</c> comes first.
/// A shell cannot read with a time limit, so a sleeper writes <c>wake</c> into the shell's own input: what was written before it counts
/// before it. One sleeper lives at a time, whatever the number of renewals, and a sleeper whose shell is gone writes nowhere.
/// </summary>
internal static class GuardScript
{
    /// <summary>Arguments: what the worker's children carry in their environment, and what the sleeper carries.</summary>
    public const string Text = """
        exec >/dev/null 2>&1
        trap '' HUP INT TERM
        everything=$1 sleeper_mark=$2
        children=' ' deadline=0 wake=0
        input=/proc/$$/fd/0
        pipe=$(readlink "$input")

        look_at_clock() { read -r now rest </proc/uptime && now=${now%.*}${now#*.}; }

        # Twice, because a child may fork while its group is being killed.
        kill_all() {
            for round in 1 2; do
                for child; do kill -s KILL -- "-${child%%:*}"; done
                for file in $(for child; do echo "${child#*:}"; done | grep -lF -f - /proc/[0-9]*/environ); do
                    id=${file#/proc/}
                    kill -s KILL "${id%/environ}"
                done
                sleep 0.1
            done
        }

        wake_at() {
            [ "$wake" -eq 0 ] || { kill -s KILL "$sleeper"; wait "$sleeper"; }
            wake=$1
            nap=$((wake - now))
            nap=$((nap / 100)).$(printf %02d $((nap % 100)))
            (env "$sleeper_mark" sleep "$nap" && [ "$(readlink "$input")" = "$pipe" ] && echo "wake $wake" >"$input") &
            sleeper=$!
        }

        while read -r verb what; do
            case $verb in
                add) children="$children$what " ;;
                del) case $children in *" $what "*) children="${children%% $what *} ${children#* $what }" ;; esac ;;
                lift) deadline=0 ;;
                fence)
                    look_at_clock
                    deadline=$((now + what))
                    [ "$wake" -gt 0 ] && [ "$wake" -le "$deadline" ] || wake_at "$deadline" ;;
                wake)
                    [ "$what" = "$wake" ] || continue
                    wait "$sleeper"
                    wake=0
                    look_at_clock
                    if [ "$deadline" -gt "$now" ]; then
                        wake_at "$deadline"
                    elif [ "$deadline" -gt 0 ]; then
                        deadline=0
                        [ "$children" = ' ' ] || kill_all $children
                    fi ;;
            esac
        done
        kill_all $children "none:$everything"
        """;
}
