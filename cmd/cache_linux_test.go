package cmd_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/cmd"
)

// TestCache asks a host that has learned nothing; package cache's tests have hosts that have.
func TestCache(t *testing.T) {
	for _, tc := range []struct {
		args   string
		status int
		stdout string
		stderr string
	}{
		{"cache", 0, "no path MTUs are listed; to look up an unused one: pmtud cache ADDRESS\n", ""},
		{"cache list 192.0.2.1", 0, "no path MTU has been learned for 192.0.2.1\n", ""},
		{"cache flush --yes", 0, "deleted 0 path MTUs (IPv4: 0, IPv6: 0)\n", ""},
		{"cache flush --yes 2001:db8::1", 0, "deleted 0 path MTUs (IPv4: 0, IPv6: 0)\n", ""},
		{
			"cache flush --yes 192.0.2.1", 1, "",
			"pmtud: the kernel can't delete what it has learned about one IPv4 address, only about all of them; to do that: pmtud cache flush -4\n",
		},
	} {
		t.Run(tc.args, func(t *testing.T) {
			want := result{tc.status, tc.stdout, tc.stderr}
			if got := onEmptyHost(t, strings.Fields(tc.args)...); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
	var report struct{ Entries []any }
	got := onEmptyHost(t, "cache", "--format", "json")
	if err := json.Unmarshal([]byte(got.stdout), &report); err != nil || report.Entries == nil {
		t.Errorf("%v: %s", err, got.stdout)
	}
}

// TestFlushQuestion is asked on a terminal, and says no.
func TestFlushQuestion(t *testing.T) {
	master, slave := terminal(t)
	if _, err := master.WriteString("n\n"); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr strings.Builder
	status := cmd.Run(t.Context(), []string{"cache", "flush", "-6"}, cmd.Streams{Stdin: slave, Stdout: &stdout, Stderr: &stderr}, cmd.Program{Plugins: cmd.Plugins()})
	if status != 1 || stdout.String() != "" || !strings.HasPrefix(stderr.String(), "Delete ") ||
		!strings.HasSuffix(stderr.String(), "? [y/N] pmtud: nothing was deleted\n") {
		t.Errorf("exit status %d, %q, %q", status, &stdout, &stderr)
	}
}
