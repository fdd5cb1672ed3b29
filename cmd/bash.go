package cmd

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// cobra's script for bash calls two functions of the package bash-completion. alone has it work
// where that is not installed.
var alone = strings.NewReplacer(
	`    _get_comp_words_by_ref "$@" cur prev words cword
}`, `    if declare -F _get_comp_words_by_ref >/dev/null; then
        _get_comp_words_by_ref "$@" cur prev words cword
        return
    fi
    # Without the package bash-completion, words end at spaces alone.
    local line=${COMP_LINE:0:COMP_POINT}
    read -ra words <<<"$line"
    [[ $line != *[[:space:]] ]] || words+=("")
    cword=$((${#words[@]} - 1))
    cur=${words[cword]} prev=${words[cword > 0 ? cword - 1 : 0]}
}

# Without the package bash-completion, bash offers all files.
__pmtud_filedir()
{
    ! declare -F _filedir >/dev/null || _filedir "$@"
}`,
	"_filedir", "__pmtud_filedir")

// writeBashCompletion writes the script for bash.
func writeBashCompletion(root *cobra.Command, out io.Writer) error {
	var script strings.Builder
	if err := root.GenBashCompletionV2(&script, true); err != nil {
		return fmt.Errorf("write completion script: %w", err)
	}
	_, err := alone.WriteString(out, script.String())
	return err
}
