package cmd_test

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestDoctor looks at a host that has next to nothing; package doctor's tests have the causes.
func TestDoctor(t *testing.T) {
	path := writeConfig(t, `
pipelines:
  p:
    sources: [{type: pcap, interface: eth9}]
    sinks: [{type: broadcast, interface: eth9}]
`)
	got := onEmptyHost(t, "doctor", "-c", path)
	const want = "problem  interface eth9 is not there\n    why: the daemon can't work like that (p/pcap, p/broadcast)\n    do:  name one that "
	if got.status != 1 || !strings.HasPrefix(got.stdout, want) || got.stderr != "" {
		t.Errorf("exit status %d:\n%s%s", got.status, got.stdout, got.stderr)
	}
	for line := range strings.Lines(got.stdout) {
		if utf8.RuneCountInString(line) > 81 {
			t.Errorf("longer than 80 characters: %s", line)
		}
	}
	if got := onEmptyHost(t, "doctor"); got.status != 0 || got.stdout != "nothing was found\n" {
		t.Errorf("exit status %d:\n%s%s", got.status, got.stdout, got.stderr)
	}
	if got := run(t, "doctor", "-c", writeConfig(t, "pipelines: {p: {sources: [{type: pcap}], sinks: [{type: log}]}}\n")); got.status != 2 {
		t.Errorf("of a bad configuration: %+v", got)
	}
}
