package hostcheck_test

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/testkit/goldentest"
	"github.com/pmtud/pmtud/cmd/internal/testkit/programtest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/nat"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestInitHost has `pmtud init` look at hosts of several kinds, and checks what it writes.
func TestInitHost(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	binary := programtest.Build(t)
	t.Setenv("PMTUD_KEY", "a text that is long enough")
	service := nat.Service{
		Address: netip.MustParseAddrPort("203.0.113.80:80"), Backend: netip.MustParseAddrPort("198.51.100.2:8080"),
	}
	for _, tc := range []struct {
		name string
		make func(host, wire *netns.NS) error
		args []string
	}{
		{"plain.yaml", func(host, _ *netns.NS) error { return host.Route("0.0.0.0/0", "192.0.2.254") }, nil},
		{"vips.yaml", func(host, _ *netns.NS) error { return host.Addr("lo", "203.0.113.1/32", "2001:db8::1/128") }, nil},
		{"vips.toml", func(host, _ *netns.NS) error { return host.Addr("lo", "127.0.0.2/32", "203.0.113.1/32") }, []string{"--pipeline", "web"}},
		{"nat.yaml", func(host, _ *netns.NS) error { return nat.Publish(host, service) }, nil},
		{"kube-proxy.yaml", func(host, _ *netns.NS) error { return host.Bridge("kube-ipvs0") }, nil},
		{"mtu.yaml", otherMTU, []string{"--iface", "eth0"}},
		{"mtu.toml", otherMTU, []string{"--iface", "eth0"}},
		{"choose.yaml", otherMTU, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			host, wire := netns.NewTest(t, "host"), netns.NewTest(t, "wire")
			netns.Must(t, netns.Veth(host, "eth0", wire, "eth0"), host.Addr("eth0", "192.0.2.1/24"), tc.make(host, wire))
			name := filepath.Join(t.TempDir(), tc.name)
			stdout, stderr := runOn(t, host, binary, append([]string{"init", "--output", name}, tc.args...)...)
			if stdout != "" || stderr != "" {
				t.Errorf("output %q, %q", stdout, stderr)
			}
			text, err := os.ReadFile(name)
			netns.Must(t, err)
			reasons, _, _ := strings.Cut(string(text), "\n\n")
			// Where the kernel has IPVS, one sentence more.
			reasons = strings.ReplaceAll(reasons, "; with net.ipv4.vs.schedule_icmp=1 and the scheduler sh or mh none would be needed", "")
			written, _ := runOn(t, host, binary, "config", "-c", name, "--written")
			goldentest.Compare(t, filepath.Join("testdata", "init", tc.name), reasons+"\n\n"+written)
			runOn(t, host, binary, "check", "-c", name)
		})
	}
}

// otherMTU adds an interface with a larger MTU, and leaves the host without a default route.
func otherMTU(host, wire *netns.NS) error {
	if err := netns.Veth(host, "eth1", wire, "eth1"); err != nil {
		return err
	}
	return host.SetMTU("eth1", 9000)
}

// TestInitWithoutRights looks at a host as one that may not see its firewall rules.
func TestInitWithoutRights(t *testing.T) {
	host, wire := netns.NewTest(t, "host"), netns.NewTest(t, "wire")
	netns.Must(t, netns.Veth(host, "eth0", wire, "eth0"))
	binary := programtest.Build(t)
	stdout, _ := runOn(t, host, "setpriv", "--bounding-set=-all", "--inh-caps=-all", binary, "init")
	if want := "# - not examined: firewall rules, and so neither destination NAT nor kube-proxy:\n#   run this as root.\n"; !strings.Contains(stdout, want) {
		t.Errorf("no %q in\n%s", want, stdout)
	}
}

// runOn runs a program on a host and returns what it said.
func runOn(t *testing.T, host *netns.NS, program string, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, diagnostics strings.Builder
	c := exec.Command(program, args...)
	c.Stdout, c.Stderr = &out, &diagnostics
	netns.Must(t, host.Start(c))
	if err := c.Wait(); err != nil {
		t.Fatalf("%s %q: %v\n%s", program, args, err, &diagnostics)
	}
	return out.String(), diagnostics.String()
}
