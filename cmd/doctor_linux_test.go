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
	const want = "problem  interface eth9 does not exist\n    why: the daemon can't work like this (p/pcap, p/broadcast)\n    do:  use one that "
	if got.status != 1 || !strings.HasPrefix(got.stdout, want) || got.stderr != "" {
		t.Errorf("exit status %d:\n%s%s", got.status, got.stdout, got.stderr)
	}
	for line := range strings.Lines(got.stdout) {
		if utf8.RuneCountInString(line) > 81 && !strings.HasPrefix(line, "    do:  ") {
			t.Errorf("longer than 80 characters: %s", line)
		}
	}
	// What an ordinary user's namespace does not show is said after it.
	if got := onEmptyHost(t, "doctor"); got.status != 0 || !strings.HasPrefix(got.stdout, "no problems found\n") {
		t.Errorf("exit status %d:\n%s%s", got.status, got.stdout, got.stderr)
	}
	if got := run(t, "doctor", "-c", writeConfig(t, "pipelines: {p: {sources: [{type: pcap}], sinks: [{type: log}]}}\n")); got.status != 2 {
		t.Errorf("of a bad configuration: %+v", got)
	}
}

// TestDoctorCluster refuses what it can't ask; package cluster's tests have the table.
func TestDoctorCluster(t *testing.T) {
	for name, tc := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"nobody":            {nil, 2, "needs the servers' addresses"},
		"no scheme":         {[]string{"192.0.2.11:9342"}, 2, "is neither the absolute path of a control socket nor a URL"},
		"with a file":       {[]string{"-c", "a.yaml", "/run/a.sock"}, 2, "-c and --all-netns examine this one"},
		"with containers":   {[]string{"--all-netns", "/run/a.sock"}, 2, "-c and --all-netns examine this one"},
		"nobody is there":   {[]string{"/nonexistent/a.sock"}, 1, "problem  server at /nonexistent/a.sock did not answer"},
		"nobody, as JSON":   {[]string{"--format", "json", "/nonexistent/a.sock"}, 1, `"address": "/nonexistent/a.sock"`},
		"an address, alone": {[]string{"--cluster=false", "/run/a.sock"}, 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, append([]string{"doctor", "--cluster"}, tc.args...)...)
			text := strings.Join(strings.Fields(got.stdout+got.stderr), " ")
			if got.status != tc.status || !strings.Contains(text, strings.Join(strings.Fields(tc.says), " ")) {
				t.Errorf("exit status %d:\n%s%s", got.status, got.stdout, got.stderr)
			}
		})
	}
}
