package hostcheck_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/testkit/programtest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestInitHost has `pmtud init --host` find the service's addresses on lo, or none, and
// checks what it writes.
func TestInitHost(t *testing.T) {
	const none = "no address of a service on lo: the filter vips stays a comment\n"
	binary := programtest.Build(t)
	inUse := regexp.MustCompile(`(?m)^( *- type: vips\n +from: lo|type = "vips"\nfrom = "lo")$`)
	for _, tc := range []struct {
		name      string
		addresses []string
		want      bool
		stderr    string
	}{
		{"a service", []string{"192.0.2.1/32", "2001:db8::1/128"}, true, ""},
		{"IPv6 alone", []string{"2001:db8::1/128"}, true, ""},
		{"loopback addresses", []string{"127.0.0.2/32"}, false, none},
		{"nothing", nil, false, none},
	} {
		for _, format := range []string{"yaml", "toml"} {
			t.Run(fmt.Sprint(tc.name, ", ", format), func(t *testing.T) {
				host := netns.NewTest(t, "host")
				netns.Must(t, host.Addr("lo", tc.addresses...))
				name := filepath.Join(t.TempDir(), "web."+format)
				stdout, stderr := runOn(t, host, binary, "init", "--host", "--iface", "lan0", "--pipeline", "web", "--output", name)
				if stdout != "" || stderr != tc.stderr {
					t.Errorf("output %q, %q, want %q", stdout, stderr, tc.stderr)
				}
				written, _ := runOn(t, host, binary, "config", "-c", name, "--written")
				if got := inUse.MatchString(written); got != tc.want {
					t.Errorf("vips in use: %v, want %v, in\n%s", got, tc.want, written)
				}
			})
		}
	}
}

// runOn runs the program on a host and returns what it said.
func runOn(t *testing.T, host *netns.NS, binary string, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, diagnostics strings.Builder
	c := exec.Command(binary, args...)
	c.Stdout, c.Stderr = &out, &diagnostics
	netns.Must(t, host.Start(c))
	if err := c.Wait(); err != nil {
		t.Fatalf("pmtud %q: %v\n%s", args, err, &diagnostics)
	}
	return out.String(), diagnostics.String()
}
