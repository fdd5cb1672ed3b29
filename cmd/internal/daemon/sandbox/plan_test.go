package sandbox_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/daemon/sandbox"
	"github.com/pmtud/pmtud/pipeline"
)

func TestPlan(t *testing.T) {
	var p sandbox.Plan
	add := func(n pipeline.Needs) {
		t.Helper()
		if err := p.Add(n); err != nil {
			t.Error(err)
		}
	}
	for range 2 { // the same again adds nothing
		add(pipeline.Needs{
			Capabilities: []string{"CAP_NET_RAW"},
			Families:     []string{"AF_PACKET"},
			Netlink:      []string{"NETLINK_NETFILTER"},
			Files: []pipeline.File{
				{Path: "/srv/captures/a.pcap"},
				{Path: "/srv/2026-*/edge/*.pcap"},
				{Path: "/var/lib/pmtud/a.pcap", Writes: true},
			},
		})
		add(pipeline.Needs{Families: []string{"AF_INET"}, Hosts: []string{"192.0.2.1"}})
		p.AddListener(9342)
	}
	want := sandbox.Plan{
		Capabilities: []string{"CAP_NET_RAW"},
		Families:     []string{"AF_PACKET", "AF_INET", "AF_INET6"},
		Netlink:      []string{"NETLINK_NETFILTER"},
		Read:         []string{"/srv/captures", "/srv"},
		Write:        []string{"/var/lib/pmtud"},
		Files:        []string{"/srv/captures/a.pcap"},
		Listen:       []uint16{9342},
		Connect:      []uint16{53},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

func TestPlanOfDestinations(t *testing.T) {
	resolver := []string{"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"}
	both := []string{"AF_INET", "AF_INET6"}
	for name, tc := range map[string]struct {
		needs pipeline.Needs
		want  sandbox.Plan
	}{
		"TCP to IPv4": {
			pipeline.Needs{TCP: []string{"192.0.2.1:443", "192.0.2.2:8443", "[::ffff:192.0.2.3]:443"}},
			sandbox.Plan{Streams: []string{"AF_INET"}, Connect: []uint16{443, 8443}},
		},
		"TCP to IPv6": {
			pipeline.Needs{TCP: []string{"[2001:db8::1]:65535", "[fe80::1%eth0]:1"}},
			sandbox.Plan{Streams: []string{"AF_INET6"}, Connect: []uint16{65535, 1}},
		},
		"TCP to a name": {
			pipeline.Needs{TCP: []string{"logs.example.net:443"}},
			sandbox.Plan{Families: both, Connect: []uint16{443, 53}, Files: resolver},
		},
		"UDP to IPv4": {pipeline.Needs{UDP: []string{"192.0.2.1:514"}}, sandbox.Plan{Families: both[:1], SendsUDP: true}},
		"UDP to IPv6": {pipeline.Needs{UDP: []string{"[2001:db8::1]:514"}}, sandbox.Plan{Families: both[1:], SendsUDP: true}},
		"UDP to a name": {
			pipeline.Needs{UDP: []string{"logs.example.net:514"}},
			sandbox.Plan{Families: both, Connect: []uint16{53}, Files: resolver, SendsUDP: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var p sandbox.Plan
			if err := p.Add(tc.needs); err != nil {
				t.Fatal(err)
			}
			if tc.want.Files != nil && !slices.Contains(p.Read, "/etc") {
				t.Errorf("the resolver's files can't be read: %v", p.Read)
			}
			p.Read = nil // what more they lead to is the host's
			if diff := cmp.Diff(tc.want, p); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlanRefusesDestinations(t *testing.T) {
	const noPort = "want a host and a port from 1 to 65535"
	for destination, why := range map[string]string{
		"":                "missing port in address",
		"192.0.2.1":       "address 192.0.2.1: missing port in address",
		"2001:db8::1:443": "address 2001:db8::1:443: too many colons in address",
		":443":            noPort, "192.0.2.1:": noPort, "192.0.2.1:0": noPort, "192.0.2.1:65536": noPort, "192.0.2.1:https": noPort,
	} {
		for network, needs := range map[string]pipeline.Needs{
			"TCP": {TCP: []string{destination}}, "UDP": {UDP: []string{destination}},
		} {
			var p sandbox.Plan
			want := fmt.Sprintf("%s destination %q: %s", network, destination, why)
			if err := p.Add(needs); err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
		}
	}
}

// TestPlanFollowsLinks reads what a link leads to, as a ConfigMap's files are.
func TestPlanFollowsLinks(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		os.Mkdir(filepath.Join(dir, "real"), 0o755),
		os.Mkdir(filepath.Join(dir, "links"), 0o755),
		os.WriteFile(filepath.Join(dir, "real", "pmtud.yaml"), nil, 0o600),
		os.Symlink(filepath.Join(dir, "real", "pmtud.yaml"), filepath.Join(dir, "links", "pmtud.yaml")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var p sandbox.Plan
	p.AddFile(filepath.Join(dir, "links", "pmtud.yaml"))
	want := []string{filepath.Join(dir, "links"), filepath.Join(dir, "real")}
	if diff := cmp.Diff(want, p.Read); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
}

// TestPlanFollowsLinksOfFolders reads beside what a link leads to, for tomorrow it leads to
// a neighbour; but not all of the host.
func TestPlanFollowsLinksOfFolders(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, err := range []error{
		os.MkdirAll("versions/1/edge", 0o755),
		os.WriteFile("versions/1/edge/pmtud.yaml", nil, 0o600),
		os.Symlink("versions/1", "current"),
		os.Symlink("/", "root"),
		os.MkdirAll("elsewhere/1", 0o755),
		os.Symlink("elsewhere/1", "version"), // which "versions" begins with
		os.Symlink("later/run/stub.conf", "resolv.conf"),
		os.Symlink(dir+"/resolv.conf", "versions/1/resolv.conf"),
		os.Symlink("/nowhere/stub.conf", "nowhere.conf"),
		os.Symlink("circle.conf", "circle.conf"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		path string
		want []string
	}{
		"absolute": {dir + "/current/edge/pmtud.yaml", []string{dir + "/current/edge", dir + "/versions", dir + "/versions/1/edge"}},
		"relative": {"current/edge/pmtud.yaml", []string{"current/edge", "versions", "versions/1/edge"}},
		"root":     {"root/" + dir + "/versions/1/edge/pmtud.yaml", []string{"root" + dir + "/versions/1/edge", dir + "/versions/1/edge"}},
		"no link":  {dir + "/versions/1/edge/pmtud.yaml", []string{dir + "/versions/1/edge"}},
		"missing":  {"current/none/pmtud.yaml", []string{"current/none", "versions"}},

		"made later":             {"resolv.conf", []string{"."}},
		"made later, links":      {dir + "/versions/1/resolv.conf", []string{dir + "/versions/1", dir}},
		"made later in the root": {dir + "/nowhere.conf", []string{dir}},
		"a link to itself":       {dir + "/circle.conf", []string{dir}},
		"below such a link":      {dir + "/circle.conf/pmtud.yaml", []string{dir + "/circle.conf"}},
	} {
		t.Run(name, func(t *testing.T) {
			var p sandbox.Plan
			p.AddFile(tc.path)
			if diff := cmp.Diff(tc.want, p.Read); diff != "" {
				t.Errorf("read (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPlanOfManyLinks follows as many links as the kernel does to where something may be one
// day.
func TestPlanOfManyLinks(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"links", "last"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	link := func(i int) string { return filepath.Join(dir, "links", fmt.Sprint(i)) }
	to := filepath.Join(dir, "last", "missing")
	for i := range 42 { // each to the one before, absolute and relative in turn
		if err := os.Symlink(to, link(i)); err != nil {
			t.Fatal(err)
		}
		to = link(i)
		if i%2 == 0 {
			to = filepath.Base(to)
		}
	}
	for links, want := range map[int]string{1: "last", 39: "last", 40: "last", 41: "links"} {
		var p sandbox.Plan
		p.AddFile(link(links - 1))
		if !slices.Contains(p.Read, filepath.Join(dir, want)) || want == "links" && slices.Contains(p.Read, filepath.Join(dir, "last")) {
			t.Errorf("%d links: read %v, want %s", links, p.Read, want)
		}
	}
}

func TestLookUp(t *testing.T) {
	root, err := sandbox.LookUp("root")
	if err != nil || root.ID != 0 || root.Group != 0 {
		t.Errorf("root is %+v, %v", root, err)
	}
	unknown, err := sandbox.LookUp("4000000")
	if err != nil || unknown.ID != 4000000 || unknown.Group != 4000000 || len(unknown.Groups) > 0 {
		t.Errorf("4000000 is %+v, %v", unknown, err)
	}
	if u, err := sandbox.LookUp("no-such-user"); err == nil {
		t.Errorf("found %+v", u)
	}
}
