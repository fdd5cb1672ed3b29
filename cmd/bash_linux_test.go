package cmd_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestBashAlone completes in a bash that has no package bash-completion.
func TestBashAlone(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("needs bash")
	}
	for line, want := range map[string]string{
		"pmtud plug":             "plugins",
		"pmtud plugins mt":       "mtu",
		"pmtud replay --spe":     "--speed",
		"pmtud --print-config=y": "yaml",
		"pmtud completion f":     "fish",
		"pmtud run -c ":          "", // all files
	} {
		t.Run(line, func(t *testing.T) {
			c := exec.Command(bash, "--norc", "-c", fmt.Sprintf(
				`source ../configs/completion/pmtud.bash; COMP_LINE=%q COMP_POINT=%d; __start_pmtud; echo ${COMPREPLY[*]}`, line, len(line)))
			c.Env = []string{"PATH=" + filepath.Dir(program) + ":/usr/bin:/bin"}
			var stderr strings.Builder
			c.Stderr = &stderr
			out, err := c.Output()
			if got := strings.TrimSpace(string(out)); err != nil || got != want || strings.Contains(stderr.String(), "not found") {
				t.Errorf("offers %q, want %q; %v\n%s", got, want, err, &stderr)
			}
		})
	}
}
